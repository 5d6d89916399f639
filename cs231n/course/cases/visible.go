package cases

// Visible lists the cases that students check their code with.
func Visible() []Case {
	return []Case{
		{"rnn-step-forward", "three examples", []int{3, 10, 4}, 1, ""},
		{"rnn-step-backward", "four examples", []int{4, 5, 6}, 2, ""},
		{"rnn-forward", "two sequences of three steps", []int{2, 3, 4, 5}, 3, ""},
		{"rnn-backward", "two sequences of ten steps", []int{2, 10, 3, 5}, 4, ""},
		{"embedding-forward", "two captions of four words", []int{2, 4, 5, 3}, 5, ""},
		{"embedding-backward", "150 words, five different ones", []int{50, 3, 5, 6}, 6, ""},
		{"rnn-loss", "captions with padding", []int{5, 7, 6, 4, 3, 9}, 7, "padding"},
		{"rnn-sample", "two images", []int{2, 6, 5, 4, 6, 8}, 8, ""},
		{"lstm-step-forward", "three examples", []int{3, 4, 5}, 9, ""},
		{"lstm-step-backward", "four examples", []int{4, 5, 6}, 10, ""},
		{"lstm-forward", "two sequences of three steps", []int{2, 3, 5, 4}, 11, ""},
		{"lstm-backward", "two sequences of ten steps", []int{2, 10, 3, 6}, 12, ""},
		{"attention", "self-attention", []int{1, 3, 3, 8, 2}, 13, "self"},
		{"attention", "with a mask", []int{2, 4, 4, 6, 3}, 14, "mask"},
		{"attention", "with dropout", []int{1, 3, 5, 8, 2}, 15, "dropout"},
		{"attention-backward", "queries of another sequence", []int{2, 3, 5, 8, 2}, 16, ""},
		{"position-table", "five positions", []int{5, 6}, 0, ""},
		{"position-encoding", "a sequence shorter than the table", []int{2, 3, 7, 6}, 18, ""},
		{"position-encoding", "with dropout", []int{1, 4, 4, 6}, 19, "dropout"},
		{"transformer-scores", "three captions", []int{3, 4, 5, 8, 9, 2, 2}, 20, ""},
		{"gan-noise", "three samples", []int{3, 4}, 21, ""},
		{"gan-discriminator", "two images", []int{2}, 22, ""},
		{"gan-generator", "four noise values", []int{2, 4}, 23, ""},
		{"dc-classifier", "two images", []int{2}, 24, ""},
		{"dc-generator", "four noise values", []int{3, 4}, 25, ""},
		{"gan-loss-d", "ten logits", []int{10}, 26, ""},
		{"gan-loss-g", "ten logits", []int{10}, 27, ""},
		{"lsgan-loss-d", "ten scores", []int{10}, 28, ""},
		{"lsgan-loss-g", "ten scores", []int{10}, 29, ""},
		{"gan-optimizer", "two optimizers", nil, 0, ""},
	}
}
