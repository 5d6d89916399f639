package main

import "github.com/spf13/cobra"

func sampleCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "sample", Short: "Draw digits, or write captions of a few images", GroupID: "models",
		Long:    "Use a trained model: draw pictures of digits, or write captions of a few images.",
		Example: "  cs231n sample diffusion --digit 7\n  cs231n sample rnn --split train\n  cs231n sample transformer --images 3 --beam 5",
	}
	return groupModels(c, append(samplePictures(), sampleCaptions()...)...)
}

func evalCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "eval", Short: "Score the pictures or the captions of a model", GroupID: "models",
		Long:    "Score a trained model: its pictures of digits, or its captions of all images of a split.",
		Example: "  cs231n eval dcgan\n  cs231n eval transformer --beam 3 --json",
	}
	return groupModels(c, append(evalPictures(), evalCaptions()...)...)
}
