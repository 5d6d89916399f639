package gan

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

//go:embed testdata/checks.json
var checksJSON []byte

// Checks are the scores and losses that the course stored for its checks of the loss functions.
type Checks struct {
	LogitsReal [][]float32 // (10, 1)
	LogitsFake [][]float32 // (10, 1)
	DLoss      float64     // vanilla GAN
	GLoss      float64
	DLossLSGAN float64 // least-squares GAN
	GLossLSGAN float64
}

// Answers returns the course's stored values (its file gan-checks.npz).
func Answers() (Checks, error) {
	var stored struct {
		LogitsReal []float32 `json:"logits_real"`
		LogitsFake []float32 `json:"logits_fake"`
		DLoss      float64   `json:"d_loss_true"`
		GLoss      float64   `json:"g_loss_true"`
		DLossLSGAN float64   `json:"d_loss_lsgan_true"`
		GLossLSGAN float64   `json:"g_loss_lsgan_true"`
	}
	if err := json.Unmarshal(checksJSON, &stored); err != nil {
		return Checks{}, fmt.Errorf("gan: the stored checks: %w", err)
	}
	column := func(values []float32) (column [][]float32) {
		for _, v := range values {
			column = append(column, []float32{v})
		}
		return column
	}
	return Checks{
		LogitsReal: column(stored.LogitsReal),
		LogitsFake: column(stored.LogitsFake),
		DLoss:      stored.DLoss,
		GLoss:      stored.GLoss,
		DLossLSGAN: stored.DLossLSGAN,
		GLossLSGAN: stored.GLossLSGAN,
	}, nil
}
