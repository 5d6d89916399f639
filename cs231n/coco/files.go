package coco

import (
	"fmt"
	"os"
	"path/filepath"
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

// files are those that [Load] needs.
func files() []string {
	return []string{
		captionsFile, vocabFile, featuresFile("train", false), featuresFile("val", false), urlsFile("train"), urlsFile("val"),
	}
}

// Present reports whether all files that [Load] needs by default are in the folder.
func Present(dir string) bool {
	for _, name := range files() {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || !info.Mode().IsRegular() {
			return false
		}
	}
	return true
}

// missing says how to come by a file that is not there.
func missing(err error) error {
	return fmt.Errorf("coco: %w: name a folder with the data set; cs231n data fetch DIR downloads COCO, cs231n data make DIR makes the scenes", err)
}
