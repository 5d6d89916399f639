package rng

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// kind is the type of stream that a state belongs to.
type kind uint8

const (
	torchKind kind = iota + 1
	numpyKind
	cudaKind
)

func (k kind) String() string {
	switch k {
	case torchKind:
		return "Torch"
	case numpyKind:
		return "NumPy"
	case cudaKind:
		return "CUDA"
	}
	return fmt.Sprintf("unknown (%d)", uint8(k))
}

// A stored state is a header, the generator and the CRC-32 (IEEE) of both, all in
// little-endian order. The header is the magic, the version and the kind.
const (
	stateMagic   = "CS231RNG"
	stateVersion = 1
	headerSize   = len(stateMagic) + 2
)

// MarshalBinary returns the state of the stream, for a checkpoint. It implements
// [encoding.BinaryMarshaler].
func (s *stream[G]) MarshalBinary() ([]byte, error) {
	if s.kind == 0 {
		return nil, errors.New("rng: save stream: it was never seeded; create it with NewTorch, NewNumPy or NewCUDA")
	}
	data := make([]byte, 0, headerSize+binary.Size(&s.gen)+crc32.Size)
	data = append(data, stateMagic...)
	data = append(data, stateVersion, byte(s.kind))
	data, err := binary.Append(data, binary.LittleEndian, &s.gen)
	if err != nil {
		return nil, fmt.Errorf("rng: save stream: %w", err)
	}
	return binary.LittleEndian.AppendUint32(data, crc32.ChecksumIEEE(data)), nil
}

// restore is UnmarshalBinary for a stream of kind k.
func (s *stream[G]) restore(k kind, data []byte) error {
	old := s.kind
	s.kind = k
	if err := s.unmarshal(data); err != nil {
		s.kind = old
		return fmt.Errorf("rng: restore stream: %w", err)
	}
	return s.update()
}

// unmarshal restores a stored state of the stream's kind. On an error it leaves the
// stream unchanged.
func (s *stream[G]) unmarshal(data []byte) error {
	if len(data) < headerSize || !bytes.HasPrefix(data, []byte(stateMagic)) {
		return errors.New("not the state of a random stream")
	}
	if v := data[len(stateMagic)]; v != stateVersion {
		return fmt.Errorf("state has version %d, this program supports version %d", v, stateVersion)
	}
	if k := kind(data[headerSize-1]); k != s.kind {
		return fmt.Errorf("state belongs to a %v stream, not to a %v stream", k, s.kind)
	}
	var gen G
	size := headerSize + binary.Size(&gen) + crc32.Size
	if len(data) != size {
		return fmt.Errorf("state is damaged: it has %d bytes instead of %d", len(data), size)
	}
	body, sum := data[:size-crc32.Size], data[size-crc32.Size:]
	if got, want := crc32.ChecksumIEEE(body), binary.LittleEndian.Uint32(sum); got != want {
		return fmt.Errorf("state is damaged: checksum %08x instead of %08x", got, want)
	}
	if _, err := binary.Decode(body[headerSize:], binary.LittleEndian, &gen); err != nil {
		return err
	}
	if err := gen.check(); err != nil {
		return fmt.Errorf("state is damaged: %w", err)
	}
	s.gen = gen
	return nil
}
