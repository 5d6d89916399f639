package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"

	"github.com/cs231n-go/assignment3/cs231n/fetch"
)

// A notebook shows the pictures that it gets, and a line for each one that it does not.
func ExampleImages_Get() {
	web := http.NewServeMux()
	web.HandleFunc("/cat.png", func(w http.ResponseWriter, _ *http.Request) {
		_ = png.Encode(w, image.NewGray(image.Rect(0, 0, 64, 48)))
	})
	server := httptest.NewServer(web)
	defer server.Close()

	images := fetch.Images{Requests: fetch.Requests{LocalNetwork: true}} // with CacheDir, the next run needs no network
	for _, name := range []string{"/cat.png", "/dog.png"} {
		img, err := images.Get(context.Background(), server.URL+name)
		if missing, ok := errors.AsType[*fetch.Error](err); ok {
			fmt.Println("URL Error:", missing.Reason, missing.Address[len(server.URL):])
			continue
		}
		fmt.Println(name, img.Bounds())
	}
	// Output:
	// /cat.png (0,0)-(64,48)
	// URL Error: Not Found /dog.png
}
