package main

import (
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// foreignPlugin writes the header of a shared library for another architecture.
func foreignPlugin(t *testing.T) string {
	t.Helper()
	machine := elf.EM_AARCH64
	if runtime.GOARCH == "arm64" {
		machine = elf.EM_X86_64
	}
	header := elf.Header64{
		Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_DYN), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT), Ehsize: 64, Phentsize: 56, Shentsize: 64,
	}
	path := filepath.Join(t.TempDir(), "pjrt_c_api_cpu_plugin.so")
	file, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, binary.Write(file, binary.LittleEndian, header))
	require.NoError(t, file.Close())
	return path
}

// TestFaults trains with something wrong beside a run that is kept already: the error is one line that
// names what is wrong, and no error touches what was kept.
func TestFaults(t *testing.T) {
	slow(t)
	t.Parallel()
	good := someDigits(t, 256)
	kept := t.TempDir()
	program(t, "train", "gan", "--iters", "2", "--data", good, "--out", kept).requireDone(t)
	checkpoint := read(t, kept, "checkpoint.safetensors")
	history := read(t, kept, "history.json")

	// damaged is the good data with one file replaced.
	damaged := func(name string, content []byte) []string {
		dir := t.TempDir()
		require.NoError(t, os.CopyFS(dir, os.DirFS(good)))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o644))
		return []string{"--data", dir}
	}
	archive := read(t, good, trainImages)
	flipped := append([]byte(nil), archive...)
	flipped[len(flipped)/2] ^= 0x55
	half := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(half, "checkpoint.safetensors"), checkpoint[:len(checkpoint)/2], 0o644))
	missing := filepath.Join(t.TempDir(), "missing")
	foreign := foreignPlugin(t)
	text := filepath.Join(t.TempDir(), "plugin.so")
	require.NoError(t, os.WriteFile(text, []byte("#!/bin/sh\n"), 0o755))
	many := someDigits(t, 384)

	for _, c := range []struct {
		name    string
		model   string // gan if empty
		backend string // GOMLX_BACKEND
		flags   []string
		says    []string
	}{
		{name: "no data", flags: []string{"--data", missing}, says: []string{missing, "name a folder"}},
		{name: "archive cut short", flags: damaged(trainImages, archive[:len(archive)/2]), says: []string{trainImages, "unexpected EOF"}},
		{name: "archive damaged", flags: damaged(trainImages, flipped), says: []string{trainImages, "bytes of data"}},
		{name: "archive empty", flags: damaged(trainImages, nil), says: []string{trainImages, "no IDX header"}},
		{name: "wrong magic", flags: damaged(trainImages, []byte("PK\x03\x04, another kind of archive")), says: []string{trainImages, "50 4b 03"}},
		{name: "fewer images than claimed", flags: damaged(trainImages, idx(t, make([]byte, 2*784), 3, 28, 28)), says: []string{trainImages, "1568 of 2352 bytes"}},
		{name: "more images than claimed", flags: damaged(trainImages, idx(t, make([]byte, 3*784), 2, 28, 28)), says: []string{trainImages, "continues after its 1568 bytes"}},
		{name: "fewer labels than images", flags: damaged(trainLabels, idx(t, make([]byte, 255), 255)), says: []string{trainLabels, "255"}},
		{name: "images of another size", flags: damaged(trainImages, idx(t, make([]byte, 256*20*20), 256, 20, 20)), says: []string{"20×20", "28×28"}},
		{name: "no whole batch", flags: []string{"--data", someDigits(t, 127)}, says: []string{"a batch cannot have 128 images"}},

		{name: "no plugin", backend: "xla:" + missing + ".so", says: []string{"GOMLX_BACKEND", missing}},
		{name: "another machine's plugin", backend: "xla:" + foreign, says: []string{foreign, "aarch64", "x86_64"}},
		{name: "not a plugin", backend: "xla:" + text, says: []string{text, "not a shared library"}},
		{name: "unknown plugin", backend: "xla:abacus", says: []string{"abacus", "cpu"}},
		{name: "unknown backend", backend: "abacus", says: []string{"abacus", "GOMLX_BACKEND"}},

		{name: "folder below a file", flags: []string{"--out", filepath.Join(kept, "history.json", "run")}, says: []string{"history.json", "not a directory"}},
		{name: "folder is a file", flags: []string{"--out", filepath.Join(kept, "history.json")}, says: []string{"history.json", "not a directory"}},
		{name: "another model's run", model: "lsgan", flags: []string{"--resume"}, says: []string{"checkpoint.safetensors", `"gan"`, `"lsgan"`}},
		{name: "another seed's run", flags: []string{"--resume", "--seed", "232"}, says: []string{"checkpoint.safetensors", "seed 231", "seed 232"}},
		{name: "a run on other data", flags: []string{"--resume", "--data", many}, says: []string{"checkpoint.safetensors", "number of images 256", "384"}},
		{name: "half a run", flags: []string{"--resume", "--out", half}, says: []string{half, "damaged or incomplete"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			model := c.model
			if model == "" {
				model = "gan"
			}
			// A copy for each, since one program at a time has a folder.
			out := t.TempDir()
			require.NoError(t, os.CopyFS(out, os.DirFS(kept)))
			// The last of two equal flags holds.
			cmd := command(t, append([]string{"train", model, "--iters", "3", "--data", good, "--out", out}, c.flags...)...)
			if c.backend != "" {
				cmd.Env = append(cmd.Environ(), "GOMLX_BACKEND="+c.backend)
			}
			finish(t, cmd).requireFault(t, 1, c.says...)
			require.Equal(t, checkpoint, read(t, out, "checkpoint.safetensors"))
			require.Equal(t, history, read(t, out, "history.json"))
		})
	}
	t.Cleanup(func() {
		require.Equal(t, checkpoint, read(t, kept, "checkpoint.safetensors"))
		require.Equal(t, history, read(t, kept, "history.json"))
		require.Equal(t, checkpoint[:len(checkpoint)/2], read(t, half, "checkpoint.safetensors"))
	})
}

// TestDataFaults asks for data in folders that hold something else already.
func TestDataFaults(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(smallCaptions)))
	inProcess("data", "fetch", dir).requireFault(t, 1, dir, "was not downloaded", "ask to replace it")
	inProcess("data", "make", dir).requireFault(t, 1, dir, "holds other files")
}
