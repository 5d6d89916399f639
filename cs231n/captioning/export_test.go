package captioning

// Rescore is rescore, for tests to compare with [Transformer.Sample].
var Rescore = (*Transformer).rescore
