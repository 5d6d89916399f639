package coco

import (
	"encoding/json"
	"fmt"
	"os"
)

// Vocab translates between words and their ids.
type Vocab struct {
	Words []string       `json:"idx_to_word"` // the word of each id
	IDs   map[string]int `json:"word_to_idx"` // the id of each word
}

func loadVocab(path string) (v Vocab, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Vocab{}, unreadable(err)
	}
	if err = json.Unmarshal(data, &v); err == nil {
		err = v.check()
	}
	if err != nil {
		return Vocab{}, fmt.Errorf("coco: %s: not a vocabulary, or damaged: %w; get the file again", path, err)
	}
	return v, nil
}

// check returns an error if the two directions disagree, or a special word is missing.
func (v Vocab) check() error {
	if len(v.Words) != len(v.IDs) {
		return fmt.Errorf("idx_to_word has %d words and word_to_idx %d", len(v.Words), len(v.IDs))
	}
	for i, word := range v.Words {
		if id, ok := v.IDs[word]; !ok || id != i {
			return fmt.Errorf("the word %q has the id %d in idx_to_word but not in word_to_idx", word, i)
		}
	}
	for _, word := range []string{Null, Start, End} {
		if _, ok := v.IDs[word]; !ok {
			return fmt.Errorf("the vocabulary of %d words lacks %s", len(v.Words), word)
		}
	}
	return nil
}
