package coco

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// The course's files.
const (
	captionsFile = "coco2014_captions.h5"
	vocabFile    = "coco2014_vocab.json"
)

func featuresFile(split string, full bool) string {
	if full {
		return split + "2014_vgg16_fc7.h5"
	}
	return split + "2014_vgg16_fc7_pca.h5"
}

func urlsFile(split string) string { return split + "2014_urls.txt" }

// files returns the names of the files that [Load] needs by default.
func files() []string {
	return []string{
		captionsFile, vocabFile, featuresFile("train", false), featuresFile("val", false), urlsFile("train"), urlsFile("val"),
	}
}

// Present reports whether a folder holds all files that [Load] needs by default.
func Present(dir string) bool { return len(present(dir)) == len(files()) }

// present returns the names of these files that a folder holds.
func present(dir string) []string {
	return slices.DeleteFunc(files(), func(name string) bool {
		info, err := os.Stat(filepath.Join(dir, name))
		return err != nil || !info.Mode().IsRegular()
	})
}

// unreadable explains why a file cannot be opened or read.
func unreadable(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("coco: %w: name a folder with the data set; cs231n data fetch DIR downloads COCO, cs231n data make DIR makes the scenes", err)
	}
	return fmt.Errorf("coco: %w; check that it is a file that you may read", err)
}
