package coco

import (
	"encoding/json"
	"fmt"
	"os"
)

// vocabJSON is the content of the vocabulary file.
type vocabJSON struct {
	IdxToWord []string       `json:"idx_to_word"`
	WordToIdx map[string]int `json:"word_to_idx"`
}

func loadVocab(path string) (Vocab, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Vocab{}, unreadable(err)
	}
	v, err := parseVocab(data)
	if err != nil {
		return Vocab{}, fmt.Errorf("coco: %s: %w", path, err)
	}
	return v, nil
}

// parseVocab reads a vocabulary and checks that its two directions agree.
func parseVocab(data []byte) (Vocab, error) {
	var v vocabJSON
	if err := json.Unmarshal(data, &v); err != nil {
		return Vocab{}, fmt.Errorf("not a vocabulary, or damaged: %w", err)
	}
	if len(v.IdxToWord) != len(v.WordToIdx) {
		return Vocab{}, fmt.Errorf("idx_to_word has %d words and word_to_idx %d", len(v.IdxToWord), len(v.WordToIdx))
	}
	for i, word := range v.IdxToWord {
		if id, ok := v.WordToIdx[word]; !ok || id != i {
			return Vocab{}, fmt.Errorf("the word %q has the id %d in idx_to_word but not in word_to_idx", word, i)
		}
	}
	for _, word := range []string{Null, Start, End} {
		if _, ok := v.WordToIdx[word]; !ok {
			return Vocab{}, fmt.Errorf("the vocabulary of %d words lacks %s", len(v.IdxToWord), word)
		}
	}
	return Vocab{v.IdxToWord, v.WordToIdx}, nil
}
