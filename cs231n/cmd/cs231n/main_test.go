package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/cs231n-go/assignment3/cs231n/digits"
	"github.com/cs231n-go/assignment3/cs231n/gan"
	"github.com/cs231n-go/assignment3/cs231n/mnist"
	"github.com/cs231n-go/assignment3/cs231n/rng"
	"github.com/stretchr/testify/require"
)

// outcome is what one command line did.
type outcome struct {
	status         int
	stdout, stderr string
}

// inProcess executes a command line that ends before anything is trained.
func inProcess(args ...string) outcome {
	var stdout, stderr bytes.Buffer
	status := run(context.Background(), args, &stdout, &stderr)
	return outcome{status, stdout.String(), stderr.String()}
}

// requireFault checks the promise of every error: the status, and one line that names things.
func (o outcome) requireFault(t *testing.T, status int, names ...string) {
	t.Helper()
	require.Equal(t, status, o.status, "%+v", o)
	require.Regexp(t, `\Acs231n: [^\n]+\n\z`, o.stderr, "one line on standard error")
	for _, name := range names {
		require.Contains(t, o.stderr, name)
	}
}

func TestMisuse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args string // separated by spaces
		says string
		see  string // the command whose help is named
	}{
		{"", "cs231n: needs a command: check, data, doctor, eval, ", "cs231n"},
		{"trian", `cs231n: has no command "trian"; did you mean train?`, "cs231n"},
		{"train", "train needs a model: dcgan, diffusion, digits, gan, lsgan, lstm, rnn or transformer", "cs231n train"},
		{"train transfromer", `train has no model "transfromer"; did you mean transformer?`, "cs231n train"},
		{"train vae", `train has no model "vae"; choose dcgan, diffusion, digits, gan, lsgan, lstm, rnn or transformer`, "cs231n train"},
		{"train --resume gan", "train needs a model before its flags", "cs231n train"},
		{"train gan --iters 0", `"0" for "--iters" flag: must be a whole number of at least 1`, "cs231n train gan"},
		{"train gan --iters -5", `"-5" for "--iters" flag`, "cs231n train gan"},
		{"train gan --iters many", `"many" for "--iters" flag`, "cs231n train gan"},
		{"train gan --iters", "--iters", "cs231n train gan"},
		{"train gan --epochs 0", `"0" for "--epochs" flag: must be a whole number of at least 1`, "cs231n train gan"},
		{"train gan --epochs=1.5", `"1.5" for "--epochs" flag`, "cs231n train gan"},
		{"train gan --iters 3 --epochs 1", "--iters and --epochs exclude each other", "cs231n train gan"},
		{"train gan --save-every 0", `"0" for "--save-every" flag`, "cs231n train gan"},
		{"train gan --devices 0", `"0" for "--devices" flag`, "cs231n train gan"},
		{"train gan --seed -1", `"-1" for "--seed" flag: must be a whole number from 0 to 18446744073709551615`, "cs231n train gan"},
		{"train digits --seed 4294967296", "must be a whole number from 0 to 4294967295", "cs231n train digits"},
		{"train gan --iters 3 more", `train gan does not take "more"`, "cs231n train gan"},
		{"train gan --out=", "--out needs a value", "cs231n train gan"},
		{"train gan --beam 3", "train gan has no flag --beam; it belongs to eval transformer and sample transformer", "cs231n train gan"},
		{"train gan --lr 1", "train gan has no flag --lr; it belongs to train lstm|rnn|transformer", "cs231n train gan"},
		{"train gan --sha256 f", "train gan has no flag --sha256; it belongs to data fetch", "cs231n train gan"},
		{"train gan --epoch 3", "train gan has no flag --epoch; did you mean --epochs?", "cs231n train gan"},
		{"train gan -epochs 1", "cs231n: write --epochs instead of -epochs", "cs231n train gan"},
		{"train gan --iters 3 --print-every\n1", "has no flag --print-every; 1", "cs231n train gan"},
		{"train gan --keep-every 0", `"0" for "--keep-every" flag`, "cs231n train gan"},
		{"train digits --keep-every 5", "train digits has no flag --keep-every; it belongs to train dcgan|diffusion|gan|lsgan", "cs231n train digits"},
		{"train diffusion --iters 3 --epochs 1", "--iters and --epochs exclude each other", "cs231n train diffusion"},
		{"train diffusion --objective score", `"score" for "--objective" flag: must be flow or noise`, "cs231n train diffusion"},
		{"train diffusion --schedule 0", `"0" for "--schedule" flag`, "cs231n train diffusion"},
		{"train diffusion --channels 4", `"4" for "--channels" flag: must be a whole number from 8 to 512`, "cs231n train diffusion"},
		{"train diffusion --channels 12", "--channels 12: must be a multiple of 8", "cs231n train diffusion"},
		{"train rnn --hidden 0", `"0" for "--hidden" flag`, "cs231n train rnn"},
		{"train rnn --heads 2", "train rnn has no flag --heads; it belongs to train transformer", "cs231n train rnn"},
		{"train rnn --lr 0", `"0" for "--lr" flag: must be a finite number above 0`, "cs231n train rnn"},
		{"train rnn --lr NaN", `"NaN" for "--lr" flag`, "cs231n train rnn"},
		{"train lstm --lr-decay Inf", `"Inf" for "--lr-decay" flag`, "cs231n train lstm"},
		{"train lstm --rule adagrad", `"adagrad" for "--rule" flag: must be sgd, sgd_momentum, rmsprop, adam or torch_adam`, "cs231n train lstm"},
		{"train rnn --iters 3 --epochs 1 --data " + smallCaptions, "--iters and --epochs exclude each other", "cs231n train rnn"},
		{"train rnn --max-train -5", `"-5" for "--max-train" flag: must be a whole number of at least 0`, "cs231n train rnn"},
		{"train rnn --seed 4294967296", "must be a whole number from 0 to 4294967295", "cs231n train rnn"},
		{"train rnn e", `train rnn does not take "e"`, "cs231n train rnn"},
		{"train rnn --batch 0", `"0" for "--batch" flag`, "cs231n train rnn"},
		{"train rnn --print-every 0", `"0" for "--print-every" flag`, "cs231n train rnn"},
		{"train rnn --wordvec 0", `"0" for "--wordvec" flag`, "cs231n train rnn"},
		{"train transformer --hidden 3", "train transformer has no flag --hidden; it belongs to train lstm|rnn", "cs231n train transformer"},
		{"train transformer --heads 0", `"0" for "--heads" flag`, "cs231n train transformer"},
		{"train transformer --layers 0", `"0" for "--layers" flag`, "cs231n train transformer"},
		{"train transformer --max-length 0", `"0" for "--max-length" flag`, "cs231n train transformer"},
		{"sample", "sample needs a model: dcgan, diffusion, gan, lsgan, lstm, rnn or transformer", "cs231n sample"},
		{"sample digits", `sample has no model "digits"; choose dcgan, diffusion, gan, lsgan, lstm, rnn or transformer`, "cs231n sample"},
		{"sample diffusion --digit 10", `"10" for "--digit" flag: must be a whole number from 0 to 9`, "cs231n sample diffusion"},
		{"sample diffusion --digit -1", `"-1" for "--digit" flag`, "cs231n sample diffusion"},
		{"sample diffusion --steps 0", `"0" for "--steps" flag: must be a whole number from 1 to 1000`, "cs231n sample diffusion"},
		{"sample diffusion --steps 1001", `"1001" for "--steps" flag`, "cs231n sample diffusion"},
		{"sample diffusion --guidance NaN", `"NaN" for "--guidance" flag: must be a finite number of at least 0`, "cs231n sample diffusion"},
		{"sample diffusion --guidance -1", `"-1" for "--guidance" flag`, "cs231n sample diffusion"},
		{"sample gan --images 10000000000", `"10000000000" for "-n, --images" flag: must be a whole number from 1 to 80000`, "cs231n sample gan"},
		{"sample gan --digit 3", "sample gan has no flag --digit; it belongs to sample diffusion", "cs231n sample gan"},
		{"sample gan --json", "sample gan has no flag --json", "cs231n sample gan"},
		{"sample rnn --iters 3", "sample rnn has no flag --iters; it belongs to train dcgan|diffusion|digits|gan|lsgan|lstm|rnn|transformer", "cs231n sample rnn"},
		{"sample rnn --split test", `"test" for "--split" flag: must be train or val`, "cs231n sample rnn"},
		{"sample rnn --images 0", `"0" for "-n, --images" flag`, "cs231n sample rnn"},
		{"sample rnn -n 10000000000 --data " + smallCaptions, "--images 10000000000: val has only ", "cs231n sample rnn"},
		{"sample rnn --dropout", "sample rnn has no flag --dropout; it belongs to sample transformer", "cs231n sample rnn"},
		{"sample transformer --beam 0", `"0" for "--beam" flag`, "cs231n sample transformer"},
		{"sample transformer --beam 2 --dropout", "--beam and --dropout exclude each other", "cs231n sample transformer"},
		{"eval --data d", "eval needs a model before its flags: dcgan, diffusion, gan, lsgan, lstm, rnn or transformer", "cs231n eval"},
		{"eval dcgan --images 128", "--images 128: scores need at least 129 pictures, since there are 128 features", "cs231n eval dcgan"},
		{"eval diffusion --digit 3", "eval diffusion has no flag --digit; it belongs to sample diffusion", "cs231n eval diffusion"},
		{"eval rnn --beam 2", "eval rnn has no flag --beam", "cs231n eval rnn"},
		{"eval transformer --dropout", "eval transformer has no flag --dropout", "cs231n eval transformer"},
		{"data", "data needs a command: fetch or make", "cs231n data"},
		{"data cifar dir", `data has no command "cifar"; choose fetch or make`, "cs231n data"},
		{"data make", "data make needs DIR", "cs231n data make"},
		{"data make a b", `data make does not take "b"`, "cs231n data make"},
		{"data make --replace dir", "data make has no flag --replace; it belongs to data fetch", "cs231n data make"},
		{"data fetch --replace", "data fetch needs DIR", "cs231n data fetch"},
		{"data fetch -replace dir", "write --replace instead of -replace", "cs231n data fetch"},
		{"submit a.zip b", "accepts at most 1 arg(s), received 2", "cs231n submit"},
		{"check --exercise rnn", "check has no flag --exercise", "cs231n check"},
		{"doctor me", `doctor does not take "me"`, "cs231n doctor"},
	} {
		t.Run(c.args, func(t *testing.T) {
			t.Parallel()
			o := inProcess(strings.FieldsFunc(c.args, func(r rune) bool { return r == ' ' })...)
			o.requireFault(t, 2, c.says, "(see "+c.see+" --help)")
			require.Empty(t, o.stdout)
		})
	}
}

// TestOutsideOfCopy runs the commands of students in the solved tree.
func TestOutsideOfCopy(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"check", "submit"} {
		inProcess(command).requireFault(t, 1, "is not in a student's copy of the assignment", "start the command in your copy")
	}
}

// TestHelp asks for help in every way and compares the flags of some commands with what they are meant to be.
func TestHelp(t *testing.T) {
	t.Parallel()
	root := inProcess("--help")
	for _, args := range [][]string{{"-h"}, {"help"}} {
		require.Equal(t, root, inProcess(args...), "%q", args)
	}
	for _, line := range []string{"\n  train       Train a model\n", "\n  doctor ", "\n  completion ", "  cs231n train gan "} {
		require.Contains(t, root.stdout, line)
	}
	for command, flags := range map[string]string{
		"train gan": `
      --data DIR       read MNIST's four files from the folder DIR (default a built-in copy)
      --seed N         seed the random numbers with N (default 231)
      --epochs N       train for N passes over the training set (default 10)
      --iters N        train for N iterations instead of --epochs
      --out DIR        save the run in the folder DIR (default "out/gan")
      --resume         resume the run in that folder
      --save-every N   save a checkpoint every N iterations, and at the end (default 250)
      --devices N      share each batch between N devices of the machine (default 1)
      --keep-every N   keep the parameters of every Nth iteration, in params-*.safetensors (default none)
  -h, --help           help for gan
`,
		"train diffusion": `
      --data DIR         read MNIST's four files from the folder DIR (default a built-in copy)
      --seed N           seed the random numbers with N (default 231)
      --epochs N         train for N passes over the training set instead of --iters
      --iters N          train for N iterations (default 8000)
      --out DIR          save the run in the folder DIR (default "out/diffusion")
      --resume           resume the run in that folder
      --save-every N     save a checkpoint every N iterations, and at the end (default 250)
      --devices N        share each batch between N devices of the machine (default 1)
      --keep-every N     keep the parameters of every Nth iteration, in params-*.safetensors (default none)
      --objective NAME   predict NAME: flow, the direction of rectified flow, or noise (default flow)
      --schedule N       let the learning rate fall over N iterations, the same for a resumed run (default all)
      --channels N       use a U-Net with N channels, a multiple of 8 (default 32)
  -h, --help             help for diffusion
`,
		"sample diffusion": `
      --checkpoint DIR   load the model from the folder DIR, where train saved it (default "out/diffusion")
  -n, --images N         draw N pictures (default 16)
      --seed N           seed the noise with N (default 0)
      --steps N          go from noise to a picture in N steps (default 25)
      --guidance X       guide towards the digit with strength X; 1 is no guidance (default 1.5)
      --out DIR          save the pictures in the folder DIR (default "out/samples")
      --digit N          draw the digit N (default all ten in turn)
  -h, --help             help for diffusion
`,
		"eval gan": `
      --checkpoint DIR   load the model from the folder DIR, where train saved it (default "out/gan")
  -n, --images N         draw N pictures (default 10000)
      --seed N           seed the noise with N (default 0)
      --classifier DIR   load the classifier from the folder DIR, where train digits saved it (default "out/digits")
      --data DIR         read MNIST's four files from the folder DIR (default a built-in copy)
      --json             print one JSON object
  -h, --help             help for gan
`,
		"train transformer": `
      --data DIR        read captions and features from the folder DIR (default $CS231N_DATA, else
                        datasets/coco_captioning if COCO is there, else datasets/scenes, made at the first use)
      --max-train N     load N training captions, drawn at random (default all)
      --seed N          seed the random numbers with N (default 231)
      --epochs N        train for N passes over the training set (default 100)
      --iters N         train for N iterations instead of --epochs
      --out DIR         save the run in the folder DIR (default "out/transformer")
      --resume          resume the run in that folder
      --save-every N    save a checkpoint every N iterations, and at the end (default 250)
      --devices N       share each batch between N devices of the machine (default 1)
      --print-every N   print the loss every N iterations (default 10)
      --batch N         train on batches of N captions (default 25)
      --rule NAME       update with the rule NAME: sgd, sgd_momentum, rmsprop, adam or torch_adam (default torch_adam)
      --lr X            set the learning rate to X; a resumed run keeps its own (default 0.001)
      --lr-decay X      multiply the learning rate by X after each epoch (default 1)
      --wordvec N       embed words in vectors of length N (default 256)
      --heads N         use N attention heads, which must divide the length of the word vectors (default 2)
      --layers N        use N decoder layers (default 2)
      --max-length N    read and write at most N words of a caption (default 30)
  -h, --help            help for transformer
`,
		"eval lstm": `
      --data DIR         read captions and features from the folder DIR (default $CS231N_DATA, else
                         datasets/coco_captioning if COCO is there, else datasets/scenes, made at the first use)
      --max-train N      load N training captions, drawn at random (default all)
      --seed N           seed the random numbers with N (default 231)
      --checkpoint DIR   load the model from the folder DIR, where train saved it (default "out/lstm")
      --split NAME       describe images of the split NAME: train or val (default val)
      --json             print one JSON object
      --details          with --json, add the captions and the score of each image
  -h, --help             help for lstm
`,
		"data fetch": `
      --sha256 HEX   refuse an archive whose SHA-256 is not HEX, 64 hexadecimal digits
      --replace      replace a data set in DIR that was not downloaded, such as the scenes
      --json         print one JSON object
  -h, --help         help for fetch
`,
	} {
		for _, args := range [][]string{append(strings.Fields(command), "--help"), append([]string{"help"}, strings.Fields(command)...)} {
			o := inProcess(args...)
			require.Zero(t, o.status)
			require.Empty(t, o.stderr)
			_, got, _ := strings.Cut(o.stdout, "\nFlags:")
			require.Equal(t, flags, got, "%q", args)
			require.Regexp(t, `(?s)\A[A-Z].*Usage:\n  cs231n `+command+` (DIR )?\[flags\]\n\nExamples:\n  cs231n `+command, o.stdout)
		}
	}
	for command, line := range map[string]string{
		"train lsgan": "(default 10)", "train dcgan": "(default 5)", "train digits": "(default 8)", "train rnn": "epoch (default 0.95)",
		"train lstm": "epoch (default 0.995)", "sample transformer": "--dropout ", "sample lstm": "-n, --images N ", "data make": "--json ", "doctor": "--json ",
	} {
		require.Contains(t, inProcess(append(strings.Fields(command), "-h")...).stdout, line)
	}
}

// TestEpochs compares the defaults that help shows with those of the tasks.
func TestEpochs(t *testing.T) {
	t.Parallel()
	for _, model := range []string{"gan", "dcgan"} {
		config, err := gan.Preset(model, rng.NewTorch(1))
		require.NoError(t, err)
		require.Contains(t, inProcess("train", model, "--help").stdout, fmt.Sprintf("training set (default %d)", config.Epochs))
	}
	task, err := digits.Config{Net: digits.Classifier(rng.NewTorch(1)), Train: mnist.Set{Images: make([]byte, gan.Pixels), Labels: []byte{1}, N: 1, Rows: gan.Side, Cols: gan.Side}, Stream: rng.NewNumPy(1)}.Task()
	require.NoError(t, err)
	require.Contains(t, inProcess("train", "digits", "--help").stdout, fmt.Sprintf("training set (default %d)", task.Epochs))
}

// TestCompletion completes what a shell asks for.
func TestCompletion(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"train ":                       "dcgan diffusion digits gan lsgan lstm rnn transformer :4",
		"eval l":                       "lsgan lstm :4",
		"train diffusion --objec":      "--objective :4",
		"train diffusion --objective ": "flow noise :4",
		"sample diffusion --out ":      ":16",
		"train rnn --rule ":            "sgd sgd_momentum rmsprop adam torch_adam :4",
		"sample rnn --split ":          "train val :4",
		"train gan --epochs ":          ":4",
		"train gan --out ":             ":16",
		"data fetch ":                  ":16",
		"sample transformer --dro":     "--dropout :4",
		"data ":                        "fetch make :4",
	} {
		var words []string
		for line := range strings.Lines(inProcess(append([]string{"__complete"}, strings.Split(args, " ")...)...).stdout) {
			word, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
			words = append(words, word)
		}
		require.Equal(t, want, strings.Join(words, " "), args)
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		o := inProcess("completion", shell)
		require.Zero(t, o.status)
		require.Contains(t, strings.SplitN(o.stdout, "\n", 2)[0], "cs231n")
		require.Contains(t, o.stdout, " __complete ")
	}
}
