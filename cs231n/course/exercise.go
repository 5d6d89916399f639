// Package course describes the assignment as a course gives it: the exercises, where a student writes the code of each, and
// the points that they earn.
package course

import (
	"slices"
	"strings"
)

// Exercise is a function that students write.
type Exercise struct {
	ID     string // as in the marks of the sources: "rnn-step-forward"
	Title  string
	File   string // relative to the root of the module
	Func   string // "StepForward", or "RNN.LossGraph" for a method
	Points int
	Bonus  bool   // the points come on top of the 100
	Hint   string // one or two sentences in Markdown
}

// PlainHint returns the hint without Markdown and LaTeX.
func (e Exercise) PlainHint() string {
	return strings.NewReplacer("`", "", "$", "", `^\top`, "ᵀ", `-\infty`, "−∞", `\`, "").Replace(e.Hint)
}

// Question is an inline question of a notebook. A person grades the answer.
type Question struct {
	ID       string // as in the marks of the sources: "gan-q1"
	Title    string
	Notebook string // name of the notebook, without a suffix
	Points   int
	Bonus    bool // the points come on top of the 100
}

// Notebook is a notebook with questions.
type Notebook struct {
	Name  string // without a suffix
	Path  string // relative to the root of the module
	Bonus bool   // all of its questions are a bonus
}

// Notebooks lists the notebooks with questions in the order of the questions.
func Notebooks() []Notebook {
	var list []Notebook
	for _, q := range Questions() {
		i := slices.IndexFunc(list, func(n Notebook) bool { return n.Name == q.Notebook })
		if i < 0 {
			i, list = len(list), append(list, Notebook{Name: q.Notebook, Path: "notebooks/" + q.Notebook + ".ipynb", Bonus: true})
		}
		list[i].Bonus = list[i].Bonus && q.Bonus
	}
	return list
}

// Exercises lists all exercises in the order of the notebooks. Those that are no bonus are worth 86 points.
func Exercises() []Exercise {
	return slices.Concat(recurrentExercises(), captioningExercises(), lstmExercises(), transformerExercises(), networkExercises(),
		lossExercises())
}

// Questions lists the inline questions in the order of the notebooks. Those that are no bonus are worth 14 points.
func Questions() []Question {
	const rnn, lstm, transformer, gan = "RNN_Captioning", "LSTM_Captioning", "Transformer_Captioning", "Generative_Adversarial_Networks"
	return []Question{
		{ID: "rnn-q1", Title: "Characters instead of words", Notebook: rnn, Points: 2},
		{ID: "lstm-q1", Title: "Gradients of an LSTM", Notebook: lstm, Points: 2, Bonus: true},
		{ID: "transformer-q1", Title: "Design of scaled dot-product attention", Notebook: transformer, Points: 2},
		{ID: "gan-q1", Title: "The final image of the vanilla GAN", Notebook: gan, Points: 1},
		{ID: "gan-q2", Title: "The final image of the LSGAN", Notebook: gan, Points: 1},
		{ID: "gan-q3", Title: "The final image of the DCGAN", Notebook: gan, Points: 1},
		{ID: "gan-q4", Title: "Alternating steps on f(x, y) = xy", Notebook: gan, Points: 3},
		{ID: "gan-q5", Title: "Convergence of alternating steps", Notebook: gan, Points: 2},
		{ID: "gan-q6", Title: "A constant discriminator loss", Notebook: gan, Points: 2},
	}
}

func recurrentExercises() []Exercise {
	const step, sequence, embedding = "cs231n/rnn/step.go", "cs231n/rnn/sequence.go", "cs231n/temporal/embedding.go"
	return []Exercise{
		{ID: "rnn-step-forward", Title: "RNN: forward pass of a step", File: step, Func: "StepForward", Points: 3,
			Hint: "`temporal.AffineForward` computes $x_t W_x + b$ and `nn.Product` a matrix product; `Add` and `Tanh` are GoMLX's. " +
				"Set every field of the cache."},
		{ID: "rnn-step-backward", Title: "RNN: backward pass of a step", File: step, Func: "StepBackward", Points: 5,
			Hint: "The derivative of $\\tanh$ can be computed from its output. `nn.ProductT(x, w)` is $x w^\\top$, `nn.TProduct(x, y)` is " +
				"$x^\\top y$, and `temporal.AffineBackward` takes the cache of `temporal.AffineForward`."},
		{ID: "rnn-forward", Title: "RNN: forward pass of a sequence", File: sequence, Func: "Forward", Points: 4,
			Hint: "Write a Go loop over the T steps that calls `StepForward` and keeps its caches. `temporal.At(x, t)` is step t of x; " +
				"`Stack` joins the hidden states."},
		{ID: "rnn-backward", Title: "RNN: backward pass of a sequence", File: sequence, Func: "Backward", Points: 6,
			Hint: "Call `StepBackward` from the last step to the first. The gradient of a hidden state has two parts; the gradients of " +
				"the weights are sums over all steps."},
		{ID: "embedding-forward", Title: "Word embedding: forward pass", File: embedding, Func: "EmbeddingForward", Points: 2,
			Hint: "`Gather` looks up rows of a matrix. The last axis of its indices holds the index of one row, so add an axis of size " +
				"one to x with `ExpandAxes`."},
		{ID: "embedding-backward", Title: "Word embedding: backward pass", File: embedding, Func: "EmbeddingBackward", Points: 3,
			Hint: "A word can occur several times, and its gradients add up. `Scatter` adds rows to an array of zeros; " +
				"its indices have the form of those of `Gather`."},
	}
}

func captioningExercises() []Exercise {
	return []Exercise{
		{ID: "rnn-loss", Title: "Captioning RNN: loss and gradients", File: "cs231n/captioning/rnn_loss.go", Func: "RNN.LossGraph", Points: 6,
			Hint: "The comment above the function lists the five steps of the forward pass. Each is one call, of a function of package " +
				"`temporal` or of `m.cell.forward`, which runs the RNN or the LSTM. The backward pass takes them in reverse order."},
		{ID: "rnn-sample", Title: "Captioning RNN: one step of sampling", File: "cs231n/captioning/rnn_next.go", Func: "RNN.next", Points: 4,
			Hint: "Embed the word, take one step with `m.cell.step`, and compute the scores of the vocabulary. `ArgMax` with the type " +
				"`dtypes.Int32` returns the word with the highest score."},
	}
}

func lstmExercises() []Exercise {
	const step, sequence = "cs231n/lstm/step.go", "cs231n/lstm/sequence.go"
	return []Exercise{
		{ID: "lstm-step-forward", Title: "LSTM: forward pass of a step", File: step, Func: "StepForward", Points: 4, Bonus: true,
			Hint: "`SliceAxis(a, -1, AxisRange(from, to))` takes columns out of the activation vector; `Sigmoid` and `Tanh` are GoMLX's. " +
				"Keep the gates in the cache."},
		{ID: "lstm-step-backward", Title: "LSTM: backward pass of a step", File: step, Func: "StepBackward", Points: 6, Bonus: true,
			Hint: "Start with the gradient of $c_t$, a sum of two parts. Then compute the gradient of each gate and join the four with " +
				"`Concatenate` in the order of the columns. From there on the step is affine, as in the RNN."},
		{ID: "lstm-forward", Title: "LSTM: forward pass of a sequence", File: sequence, Func: "Forward", Points: 4, Bonus: true,
			Hint: "As in the RNN, write a Go loop that calls `StepForward` and keeps its caches. `ZerosLike(h0)` is the first cell state."},
		{ID: "lstm-backward", Title: "LSTM: backward pass of a sequence", File: sequence, Func: "Backward", Points: 6, Bonus: true,
			Hint: "Call `StepBackward` from the last step to the first and hand both gradients, that of the hidden state and that of the " +
				"cell state, to the step before. The loss does not depend on the last cell state directly."},
	}
}

func transformerExercises() []Exercise {
	const position = "cs231n/transformer/position.go"
	return []Exercise{
		{ID: "attention", Title: "Multi-headed attention", File: "cs231n/nn/attention_forward.go", Func: "Attention.forward", Points: 10,
			Hint: "`a.split` divides vectors into heads and `join` is its inverse. Set every field of the last result, which the backward pass needs. `Einsum` computes all products of queries and keys at once; " +
				"choose its letters from the shapes. `Where` replaces the scores of forbidden keys by $-\\infty$ before the `Softmax`, " +
				"and dropout acts on its result."},
		{ID: "position-table", Title: "Positional encoding: the table", File: position, Func: "PositionTable", Points: 3,
			Hint: "This is plain Go, without a graph. Columns $j$ and $j+1$ share one frequency if $j$ is even. Compute in `float64`, and " +
				"convert at the end."},
		{ID: "position-encoding", Title: "Positional encoding: the layer", File: position, Func: "PositionalEncoding", Points: 3,
			Hint: "Take as many rows of the table as x has steps, convert them to x's type with `ConvertDType`, add them to every example " +
				"of the batch, and call `drop.Apply`."},
		{ID: "attention-backward", Title: "Multi-headed attention: backward pass", File: "cs231n/nn/attention_backward.go",
			Func: "Attention.backward", Points: 6, Bonus: true,
			Hint: "Go through the forward pass in reverse: `Proj`, the weighted sum, dropout, the softmax, the scaling, the products. For " +
				"each `Einsum` of the forward pass the gradient of an input is an `Einsum` of the other input with the gradient of the output."},
		{ID: "transformer-scores", Title: "Captioning Transformer: scores", File: "cs231n/captioning/transformer_scores.go",
			Func: "Transformer.scores", Points: 8,
			Hint: "Add positions to the word vectors. Project the features to a memory of one vector, and build the causal mask with " +
				"`LowerTriangular`. The decoder and the output layer do the rest."},
	}
}

func networkExercises() []Exercise {
	const models = "cs231n/gan/models.go"
	return []Exercise{
		{ID: "gan-noise", Title: "Random noise", File: models, Func: "SampleNoise", Points: 1,
			Hint: "`stream.Uniform(noise, 0, 1)` fills a slice as `torch.rand` does. Draw all values with one call, then scale and shift them: " +
				"other bounds would round some values differently."},
		{ID: "gan-discriminator", Title: "Discriminator", File: models, Func: "Discriminator", Points: 3,
			Hint: "`nn.Sequential` chains layers; `nn.Linear` has a bias. Create the layers in the order of the list, since each draws its " +
				"weights from the stream."},
		{ID: "gan-generator", Title: "Generator", File: models, Func: "Generator", Points: 3,
			Hint: "`nn.ReLU` and `nn.TanH` are layers, too. The constant `Pixels` is 784."},
		{ID: "dc-classifier", Title: "DCGAN: discriminator", File: models, Func: "BuildDCClassifier", Points: 5,
			Hint: "An image arrives as a row of 784 numbers, so begin with `nn.Unflatten`. `nn.Conv2d` has stride 1 and no padding, and " +
				"`nn.MaxPool2d` has windows of 2×2."},
		{ID: "dc-generator", Title: "DCGAN: generator", File: models, Func: "BuildDCGenerator", Points: 5,
			Hint: "`nn.BatchNorm` takes the number of features or of channels. With filters of 4×4, `nn.ConvTranspose2d` has stride 2 and padding 1."},
	}
}

func lossExercises() []Exercise {
	const loss = "cs231n/gan/loss.go"
	return []Exercise{
		{ID: "gan-loss-d", Title: "GAN: loss of the discriminator", File: loss, Func: "DiscriminatorLoss", Points: 4,
			Hint: "`BCELoss` takes logits and labels. `OnesLike` and `ZerosLike` return labels with the shape of the logits."},
		{ID: "gan-loss-g", Title: "GAN: loss of the generator", File: loss, Func: "GeneratorLoss", Points: 2,
			Hint: "Which label should the discriminator give to the fakes, from the generator's point of view?"},
		{ID: "gan-optimizer", Title: "Optimizer", File: loss, Func: "GetOptimizer", Points: 2,
			Hint: "Return an `optim.Adam` and set its name, so that two optimizers can share one store. The value of `Epsilon` is PyTorch's, 1e-8."},
		{ID: "lsgan-loss-d", Title: "LSGAN: loss of the discriminator", File: loss, Func: "LSDiscriminatorLoss", Points: 2,
			Hint: "`ReduceAllMean`, `Square`, `AddScalar` and `MulScalar` are all that you need. Average over the batch instead of summing."},
		{ID: "lsgan-loss-g", Title: "LSGAN: loss of the generator", File: loss, Func: "LSGeneratorLoss", Points: 2,
			Hint: "Use the scores as they are: there is no sigmoid in this loss."},
	}
}
