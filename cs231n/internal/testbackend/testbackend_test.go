package testbackend_test

import (
	"testing"

	"github.com/cs231n-go/assignment3/cs231n/internal/testbackend"
	"github.com/stretchr/testify/assert"
)

func TestGetSharesOneBackend(t *testing.T) {
	t.Parallel()
	first, second := testbackend.Get(t), testbackend.Get(t)
	assert.Same(t, first, second)
	assert.False(t, first.IsFinalized())
	assert.Positive(t, first.NumDevices())
}
