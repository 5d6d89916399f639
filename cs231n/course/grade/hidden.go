// Package grade grades submissions: it runs hidden cases in a sandbox and writes reports.
package grade

import "github.com/cs231n-go/assignment3/cs231n/course/cases"

// hidden lists the cases that a submission is graded with. A course may choose its own seed, so that the inputs are
// its own secret.
func hidden(seed uint32) []cases.Case {
	list := []cases.Case{
		cases.New("rnn-step-forward", "sizes that are all different", 101, 2, 3, 5),
		cases.New("rnn-step-forward", "a single example", 102, 1, 7, 3),
		cases.New("rnn-step-forward", "as many features as units", 103, 4, 6, 6),
		cases.New("rnn-step-backward", "sizes that are all different", 104, 2, 3, 5),
		cases.New("rnn-step-backward", "a single example", 105, 1, 7, 3),
		cases.New("rnn-step-backward", "square matrices", 106, 4, 4, 4),
		cases.New("rnn-forward", "a single step", 107, 3, 1, 4, 5),
		cases.New("rnn-forward", "a single example", 108, 1, 5, 4, 3),
		cases.New("rnn-forward", "sixty steps", 109, 2, 60, 3, 4),
		cases.New("rnn-backward", "a single step", 110, 3, 1, 4, 5),
		cases.New("rnn-backward", "a single example", 111, 1, 5, 4, 3),
		cases.New("rnn-backward", "square matrices", 112, 2, 6, 3, 3),
		cases.New("embedding-forward", "a word that occurs often", 113, 3, 5, 7, 4).Of("repeated"),
		cases.New("embedding-forward", "a single word", 114, 1, 1, 3, 2),
		cases.New("embedding-backward", "words that occur often and words that do not occur", 115, 3, 5, 7, 4).Of("repeated"),
		cases.New("embedding-backward", "a single caption", 116, 1, 4, 6, 3),
		cases.New("rnn-loss", "captions with padding", 117, 4, 6, 5, 3, 7, 8).Of("padding"),
		cases.New("rnn-loss", "captions without padding", 118, 2, 4, 3, 6, 5, 7),
		cases.New("rnn-loss", "a single caption", 119, 1, 9, 4, 4, 4, 11).Of("padding"),
		cases.New("rnn-loss", "with the cell of an LSTM", 120, 3, 6, 4, 5, 3, 8).Of("lstm"),
		cases.New("rnn-sample", "nine images", 121, 9, 12, 6, 5, 7, 15),
		cases.New("rnn-sample", "a single image and word", 122, 1, 1, 3, 4, 5, 6),
		cases.New("rnn-sample", "with the cell of an LSTM", 123, 6, 12, 6, 5, 7, 15).Of("lstm"),
		cases.New("lstm-step-forward", "sizes that are all different", 124, 2, 3, 5),
		cases.New("lstm-step-forward", "a single example", 125, 1, 6, 4),
		cases.New("lstm-step-backward", "sizes that are all different", 126, 2, 3, 5),
		cases.New("lstm-step-backward", "a single example", 127, 1, 6, 4),
		cases.New("lstm-forward", "a single step", 128, 3, 1, 4, 5),
		cases.New("lstm-forward", "thirty steps", 129, 2, 30, 3, 4),
		cases.New("lstm-backward", "a single step", 130, 3, 1, 4, 5),
		cases.New("lstm-backward", "a single example", 131, 1, 5, 4, 3),
		cases.New("attention", "other lengths of queries and keys", 132, 2, 3, 5, 6, 3),
		cases.New("attention", "one head", 133, 3, 4, 4, 6, 1).Of("self"),
		cases.New("attention", "four heads and a causal mask", 134, 2, 5, 5, 8, 4).Of("mask"),
		cases.New("attention", "a single key", 135, 2, 3, 1, 4, 2),
		cases.New("attention", "with dropout", 136, 2, 4, 3, 6, 2).Of("dropout"),
		cases.New("attention-backward", "four heads and a causal mask", 137, 2, 4, 4, 8, 4).Of("mask"),
		cases.New("attention-backward", "one head", 138, 1, 3, 5, 4, 1),
		cases.New("attention-backward", "with dropout", 139, 2, 3, 4, 6, 3).Of("dropout"),
		cases.New("position-table", "many positions", 0, 120, 10),
		cases.New("position-table", "an odd width", 0, 9, 7),
		cases.New("position-encoding", "a sequence shorter than the table", 141, 3, 5, 9, 8),
		cases.New("position-encoding", "with dropout", 142, 2, 6, 6, 4).Of("dropout"),
		cases.New("transformer-scores", "three layers", 143, 2, 6, 5, 12, 10, 3, 3),
		cases.New("transformer-scores", "with dropout", 144, 3, 5, 4, 8, 9, 2, 2).Of("dropout"),
		cases.New("transformer-scores", "a single word", 145, 2, 1, 6, 6, 7, 1, 1),
		cases.New("gan-noise", "another seed", 146, 5, 7),
		cases.New("gan-noise", "many values", 147, 64, 96),
		cases.New("gan-discriminator", "five images", 148, 5),
		cases.New("gan-generator", "96 noise values", 149, 3, 96),
		cases.New("dc-classifier", "five images", 150, 5),
		cases.New("dc-generator", "96 noise values", 151, 3, 96),
		cases.New("gan-loss-d", "seven logits", 152, 7),
		cases.New("gan-loss-d", "logits around ±1000", 153, 8).Of("extreme"),
		cases.New("gan-loss-g", "seven logits", 154, 7),
		cases.New("gan-loss-g", "logits around ±1000", 155, 8).Of("extreme"),
		cases.New("lsgan-loss-d", "seven scores", 156, 7),
		cases.New("lsgan-loss-d", "a single score", 157, 1),
		cases.New("lsgan-loss-g", "seven scores", 158, 7),
		cases.New("lsgan-loss-g", "a single score", 159, 1),
		cases.New("gan-optimizer", "two optimizers", 0),
	}
	for i := range list {
		list[i].Seed += seed * 1000
	}
	return list
}
