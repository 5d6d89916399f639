package rng

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// kind tells whose stream a state belongs to.
type kind uint8

const (
	torchKind kind = iota + 1
	numpyKind
)

func (k kind) String() string {
	switch k {
	case torchKind:
		return "Torch"
	case numpyKind:
		return "NumPy"
	}
	return fmt.Sprintf("unknown (%d)", uint8(k))
}

const (
	stateMagic   = "CS231RNG"
	stateVersion = 1
)

// state is a stream's state as it is stored, in little-endian order and followed
// by the CRC-32 (IEEE) of all its bytes.
type state struct {
	Magic   [len(stateMagic)]byte
	Version uint8
	Kind    kind
	Pos     uint16
	Spared  bool
	Spare   float64
	Key     [mtSize]uint32
}

// MarshalBinary returns the state of the stream, for a checkpoint. It implements
// [encoding.BinaryMarshaler].
func (s *stream) MarshalBinary() ([]byte, error) {
	if s.kind == 0 {
		return nil, errors.New("rng: save stream: it was never seeded; make it with NewTorch or NewNumPy")
	}
	st := state{
		Version: stateVersion,
		Kind:    s.kind,
		Pos:     uint16(s.mt.pos),
		Spared:  s.spared,
		Spare:   s.spare,
		Key:     s.mt.key,
	}
	copy(st.Magic[:], stateMagic)
	data, err := binary.Append(make([]byte, 0, binary.Size(st)+crc32.Size), binary.LittleEndian, &st)
	if err != nil {
		return nil, fmt.Errorf("rng: save stream: %w", err)
	}
	return binary.LittleEndian.AppendUint32(data, crc32.ChecksumIEEE(data)), nil
}

// restore is UnmarshalBinary for the stream that wants a state of kind k.
func (s *stream) restore(k kind, data []byte) error {
	old := s.kind
	s.kind = k
	if err := s.unmarshal(data); err != nil {
		s.kind = old
		return fmt.Errorf("rng: restore stream: %w", err)
	}
	if s.path == "" {
		return nil
	}
	return s.Save(s.path)
}

// unmarshal takes over a stored state of the stream's own kind. On an error the
// stream is as before.
func (s *stream) unmarshal(data []byte) error {
	var st state
	size := binary.Size(st) + crc32.Size
	header := len(stateMagic) + 2
	if len(data) < header || !bytes.HasPrefix(data, []byte(stateMagic)) {
		return errors.New("this is not the state of a random stream")
	}
	if v := data[len(stateMagic)]; v != stateVersion {
		return fmt.Errorf("state has version %d, this program reads version %d", v, stateVersion)
	}
	if len(data) != size {
		return fmt.Errorf("state has %d bytes instead of %d, it was cut short or added to", len(data), size)
	}
	body, sum := data[:size-crc32.Size], data[size-crc32.Size:]
	if got, want := crc32.ChecksumIEEE(body), binary.LittleEndian.Uint32(sum); got != want {
		return fmt.Errorf("state is damaged: checksum %08x instead of %08x", got, want)
	}
	if _, err := binary.Decode(body, binary.LittleEndian, &st); err != nil {
		return err
	}
	if st.Kind != s.kind {
		return fmt.Errorf("state is that of a %v stream, not of a %v stream", st.Kind, s.kind)
	}
	if st.Pos > mtSize {
		return fmt.Errorf("state is damaged: position %d is beyond %d", st.Pos, mtSize)
	}
	s.mt = mt19937{key: st.Key, pos: int(st.Pos)}
	s.spare, s.spared = st.Spare, st.Spared
	return nil
}
