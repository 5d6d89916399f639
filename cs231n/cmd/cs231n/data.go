package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cs231n-go/assignment3/cs231n/cmd/cli"
	"github.com/cs231n-go/assignment3/cs231n/coco"
	"github.com/cs231n-go/assignment3/cs231n/device"
	"github.com/cs231n-go/assignment3/cs231n/display"
	"github.com/cs231n-go/assignment3/cs231n/scenes"
)

func dataCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "data", Short: "Make or download a data set of captions", GroupID: "machine",
		Long: `Make or download a data set for the models that write captions. They find it without
--data in datasets/coco_captioning or datasets/scenes, or in the folder that the
environment variable CS231N_DATA names. MNIST is built in.`,
		Example: "  cs231n data make datasets/scenes\n  cs231n data fetch datasets/coco_captioning",
	}
	return cli.Group(c, "command", makeCommand(), fetchCommand())
}

// dataset is the result of `cs231n data`.
type dataset struct {
	Name string `json:"name"`
	Dir  string `json:"dir"`
	coco.Fetched
}

func (d dataset) String() string {
	if d.SHA256 == "" {
		return fmt.Sprintf("%s is complete in %s", d.Name, d.Dir)
	}
	return fmt.Sprintf("%s is complete in %s: %d bytes downloaded, SHA-256 %s", d.Name, d.Dir, d.Bytes, d.SHA256)
}

func makeCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "make DIR", Short: "Make the scenes data set, offline", Args: cli.Args("DIR"),
		Long:    "Make the scenes data set in the folder DIR: 5,000 drawn pictures, with captions and\nfeatures in COCO's format. It takes 40 MB and about 15 seconds.",
		Example: "  cs231n data make datasets/scenes",
	}
	asJSON := c.Flags().Bool("json", false, "print one JSON object")
	perform(c, asJSON, func(ctx context.Context, s *display.Screen, args []string) (any, error) {
		ctx, stop := interruptible(ctx)
		defer stop()
		s.Phase("drawing pictures", "steps")
		err := scenes.Make(ctx, args[0], scenes.Options{Progress: func(done, total int) { s.Step(done, total) }})
		if err != nil {
			return nil, err
		}
		return dataset{Name: "the scenes data set", Dir: args[0]}, nil
	})
	return c
}

func fetchCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "fetch DIR", Short: "Download COCO's captions and features", Args: cli.Args("DIR"),
		Long: `Download the course's archive of COCO's captions and features, about 1 GB, and unpack it
in the folder DIR. If the download was interrupted, the same command continues it.

The course serves the archive without encryption and publishes no checksum: compare the
SHA-256 that is printed with another person's, or name the expected one.`,
		Example: "  cs231n data fetch datasets/coco_captioning\n  cs231n data fetch datasets/scenes --replace",
	}
	var fetcher coco.Fetcher
	f := c.Flags()
	f.StringVar(&fetcher.SHA256, "sha256", "", "refuse an archive whose SHA-256 is not `HEX`, 64 hexadecimal digits")
	f.BoolVar(&fetcher.Replace, "replace", false, "replace a data set in DIR that was not downloaded, such as the scenes")
	asJSON := f.Bool("json", false, "print one JSON object")
	perform(c, asJSON, func(ctx context.Context, s *display.Screen, args []string) (any, error) {
		ctx, stop := interruptible(ctx)
		defer stop()
		s.Phase("connecting", "")
		fetcher.Progress = s.Bytes
		got, err := fetcher.Fetch(ctx, args[0])
		if err != nil {
			return nil, err
		}
		return dataset{"COCO", args[0], got}, nil
	})
	return c
}

func doctorCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "doctor", Short: "Show which device this machine uses, and why", GroupID: "machine", Args: cli.Args(),
		Long:    "Show the machine, each XLA plugin that is searched for with the reason why it is used or\nnot, and the devices of the chosen one. GOMLX_BACKEND chooses another.",
		Example: "  cs231n doctor\n  GOMLX_BACKEND=xla:cpu cs231n doctor --json",
	}
	asJSON := c.Flags().Bool("json", false, "print one JSON object")
	perform(c, asJSON, func(context.Context, *display.Screen, []string) (any, error) { return device.Doctor() })
	return c
}
