package cases

// Visible lists the cases that students check their code with.
func Visible() []Case {
	return []Case{
		New("rnn-step-forward", "three examples", 1, 3, 10, 4),
		New("rnn-step-backward", "four examples", 2, 4, 5, 6),
		New("rnn-forward", "two sequences of three steps", 3, 2, 3, 4, 5),
		New("rnn-backward", "two sequences of ten steps", 4, 2, 10, 3, 5),
		New("embedding-forward", "two captions of four words", 5, 2, 4, 5, 3),
		New("embedding-backward", "150 words, five different ones", 6, 50, 3, 5, 6),
		New("rnn-loss", "captions with padding", 7, 5, 7, 6, 4, 3, 9).Of("padding"),
		New("rnn-sample", "two images", 8, 2, 6, 5, 4, 6, 8),
		New("lstm-step-forward", "three examples", 9, 3, 4, 5),
		New("lstm-step-backward", "four examples", 10, 4, 5, 6),
		New("lstm-forward", "two sequences of three steps", 11, 2, 3, 5, 4),
		New("lstm-backward", "two sequences of ten steps", 12, 2, 10, 3, 6),
		New("attention", "self-attention", 13, 1, 3, 3, 8, 2).Of("self"),
		New("attention", "with a mask", 14, 2, 4, 4, 6, 3).Of("mask"),
		New("attention", "with dropout", 15, 1, 3, 5, 8, 2).Of("dropout"),
		New("attention-backward", "queries of another sequence", 16, 2, 3, 5, 8, 2),
		New("position-table", "five positions", 0, 5, 6),
		New("position-encoding", "a sequence shorter than the table", 18, 2, 3, 7, 6),
		New("position-encoding", "with dropout", 19, 1, 4, 4, 6).Of("dropout"),
		New("transformer-scores", "three captions", 20, 3, 4, 5, 8, 9, 2, 2),
		New("gan-noise", "three samples", 21, 3, 4),
		New("gan-discriminator", "two images", 22, 2),
		New("gan-generator", "four noise values", 23, 2, 4),
		New("dc-classifier", "two images", 24, 2),
		New("dc-generator", "four noise values", 25, 3, 4),
		New("gan-loss-d", "ten logits", 26, 10),
		New("gan-loss-g", "ten logits", 27, 10),
		New("lsgan-loss-d", "ten scores", 28, 10),
		New("lsgan-loss-g", "ten scores", 29, 10),
		New("gan-optimizer", "two optimizers", 0),
	}
}
