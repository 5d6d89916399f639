// Package grade grades submissions: it runs hidden cases in a sandbox and writes reports.
package grade

import "github.com/cs231n-go/assignment3/cs231n/course/cases"

// hidden lists the cases that a submission is graded with. A course may choose its own seed, so that the inputs are
// its own secret.
func hidden(seed uint32) []cases.Case {
	list := []cases.Case{
		{"rnn-step-forward", "sizes that are all different", []int{2, 3, 5}, 101, ""},
		{"rnn-step-forward", "a single example", []int{1, 7, 3}, 102, ""},
		{"rnn-step-forward", "as many features as units", []int{4, 6, 6}, 103, ""},
		{"rnn-step-backward", "sizes that are all different", []int{2, 3, 5}, 104, ""},
		{"rnn-step-backward", "a single example", []int{1, 7, 3}, 105, ""},
		{"rnn-step-backward", "square matrices", []int{4, 4, 4}, 106, ""},
		{"rnn-forward", "a single step", []int{3, 1, 4, 5}, 107, ""},
		{"rnn-forward", "a single example", []int{1, 5, 4, 3}, 108, ""},
		{"rnn-forward", "sixty steps", []int{2, 60, 3, 4}, 109, ""},
		{"rnn-backward", "a single step", []int{3, 1, 4, 5}, 110, ""},
		{"rnn-backward", "a single example", []int{1, 5, 4, 3}, 111, ""},
		{"rnn-backward", "square matrices", []int{2, 6, 3, 3}, 112, ""},
		{"embedding-forward", "a word that occurs often", []int{3, 5, 7, 4}, 113, "repeated"},
		{"embedding-forward", "a single word", []int{1, 1, 3, 2}, 114, ""},
		{"embedding-backward", "words that occur often and words that do not occur", []int{3, 5, 7, 4}, 115, "repeated"},
		{"embedding-backward", "a single caption", []int{1, 4, 6, 3}, 116, ""},
		{"rnn-loss", "captions with padding", []int{4, 6, 5, 3, 7, 8}, 117, "padding"},
		{"rnn-loss", "captions without padding", []int{2, 4, 3, 6, 5, 7}, 118, ""},
		{"rnn-loss", "a single caption", []int{1, 9, 4, 4, 4, 11}, 119, "padding"},
		{"rnn-loss", "with the cell of an LSTM", []int{3, 6, 4, 5, 3, 8}, 120, "lstm"},
		{"rnn-sample", "five images", []int{5, 9, 6, 5, 7, 12}, 121, ""},
		{"rnn-sample", "a single image and word", []int{1, 1, 3, 4, 5, 6}, 122, ""},
		{"rnn-sample", "with the cell of an LSTM", []int{3, 8, 6, 5, 7, 12}, 123, "lstm"},
		{"lstm-step-forward", "sizes that are all different", []int{2, 3, 5}, 124, ""},
		{"lstm-step-forward", "a single example", []int{1, 6, 4}, 125, ""},
		{"lstm-step-backward", "sizes that are all different", []int{2, 3, 5}, 126, ""},
		{"lstm-step-backward", "a single example", []int{1, 6, 4}, 127, ""},
		{"lstm-forward", "a single step", []int{3, 1, 4, 5}, 128, ""},
		{"lstm-forward", "thirty steps", []int{2, 30, 3, 4}, 129, ""},
		{"lstm-backward", "a single step", []int{3, 1, 4, 5}, 130, ""},
		{"lstm-backward", "a single example", []int{1, 5, 4, 3}, 131, ""},
		{"attention", "other lengths of queries and keys", []int{2, 3, 5, 6, 3}, 132, ""},
		{"attention", "one head", []int{3, 4, 4, 6, 1}, 133, "self"},
		{"attention", "four heads and a causal mask", []int{2, 5, 5, 8, 4}, 134, "mask"},
		{"attention", "a single key", []int{2, 3, 1, 4, 2}, 135, ""},
		{"attention", "with dropout", []int{2, 4, 3, 6, 2}, 136, "dropout"},
		{"attention-backward", "four heads and a causal mask", []int{2, 4, 4, 8, 4}, 137, "mask"},
		{"attention-backward", "one head", []int{1, 3, 5, 4, 1}, 138, ""},
		{"position-table", "many positions", []int{120, 10}, 0, ""},
		{"position-table", "an odd width", []int{9, 7}, 0, ""},
		{"position-encoding", "a sequence shorter than the table", []int{3, 5, 9, 8}, 141, ""},
		{"position-encoding", "with dropout", []int{2, 6, 6, 4}, 142, "dropout"},
		{"transformer-scores", "three layers", []int{2, 6, 5, 12, 10, 3, 3}, 143, ""},
		{"transformer-scores", "with dropout", []int{3, 5, 4, 8, 9, 2, 2}, 144, "dropout"},
		{"transformer-scores", "a single word", []int{2, 1, 6, 6, 7, 1, 1}, 145, ""},
		{"gan-noise", "another seed", []int{5, 7}, 146, ""},
		{"gan-noise", "many values", []int{64, 96}, 147, ""},
		{"gan-discriminator", "five images", []int{5}, 148, ""},
		{"gan-generator", "96 noise values", []int{3, 96}, 149, ""},
		{"dc-classifier", "five images", []int{5}, 150, ""},
		{"dc-generator", "96 noise values", []int{3, 96}, 151, ""},
		{"gan-loss-d", "seven logits", []int{7}, 152, ""},
		{"gan-loss-d", "logits around ±1000", []int{8}, 153, "extreme"},
		{"gan-loss-g", "seven logits", []int{7}, 154, ""},
		{"gan-loss-g", "logits around ±1000", []int{8}, 155, "extreme"},
		{"lsgan-loss-d", "seven scores", []int{7}, 156, ""},
		{"lsgan-loss-d", "a single score", []int{1}, 157, ""},
		{"lsgan-loss-g", "seven scores", []int{7}, 158, ""},
		{"lsgan-loss-g", "a single score", []int{1}, 159, ""},
		{"gan-optimizer", "two optimizers", nil, 0, ""},
	}
	for i := range list {
		list[i].Seed += seed * 1000
	}
	return list
}
