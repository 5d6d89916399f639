// Package gan holds the generative adversarial networks of the assignment's last notebook: a vanilla
// GAN, a least-squares GAN and a deep convolutional GAN, all trained on MNIST by one loop.
//
// A GAN is a game between two networks (Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661). The
// discriminator D scores images, high for real ones; the generator G turns noise into images that
// should score high too. [Train] alternates one step of each, both inside a single compiled XLA
// computation, with the training images kept on the device.
//
// Every random number comes from an [rng.Torch] stream in PyTorch's order, so that a run started from
// torch.manual_seed(231) begins with the same weights and the same noise as the Python original, and
// its first losses agree to the printed digit.
//
// # Shapes
//
// N is the batch size (128), 784 = 28·28 the pixels of an image in [-1, 1], 96 the noise dimensions.
// Between layers images are channels-last, (N, height, width, channels), which is what XLA's CPU
// backend likes best; parameters keep PyTorch's shapes, and [Flatten] and [Unflatten] keep PyTorch's
// channels-first order, so that weights can be compared with PyTorch's one by one.
package gan
