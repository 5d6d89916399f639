package coco_test

import (
	"archive/zip"
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/cs231n-go/assignment3/cs231n/coco"
)

// A local server takes the place of the course's, whose address is the default.
func ExampleFetcher_Fetch() {
	dir, err := os.MkdirTemp("", "coco")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := coco.Write(dir+"/served", fetchable()); err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		z := zip.NewWriter(w)
		_ = z.AddFS(os.DirFS(dir + "/served"))
		_ = z.Close()
	}))
	defer server.Close()

	f := coco.Fetcher{URL: server.URL} // set SHA256 to check the archive, and Progress to follow the download
	got, err := f.Fetch(context.Background(), dir+"/coco")
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range got.Files {
		fmt.Println(name)
	}
	// Output:
	// coco2014_captions.h5
	// coco2014_vocab.json
	// train2014_urls.txt
	// train2014_vgg16_fc7_pca.h5
	// val2014_urls.txt
	// val2014_vgg16_fc7_pca.h5
}
