// Package transformer holds the layers of the decoder of "Attention Is All You Need" (Vaswani et al. 2017,
// https://arxiv.org/abs/1706.03762) as the assignment builds it: multi-headed attention, positional encoding
// and post-norm decoder layers.
//
// Layers are structs of graph nodes, their parameters, with a Forward that builds their computation; GoMLX
// derives the gradients. The numbers are PyTorch's: parameters have its layout, (out, in) for a linear map,
// and dropout can follow its random stream.
//
// Shapes are written with N for the batch, S for the queries' sequence and T for that of keys and values, E
// for the embedding, H for heads, F for the width of the feed-forward network, D for features.
package transformer
