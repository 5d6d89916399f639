// Package captioning describes images in words: the assignment's models, the solver that trains them and
// the sampling of captions.
//
// Shapes are written with N for the batch, T for words of a caption, D for image features, W for a word
// vector, H for hidden units, V for the size of the vocabulary. A caption is a row of word ids,
// <START> … <END> and then <NULL> up to a common length.
package captioning
