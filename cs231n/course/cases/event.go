package cases

// Event is a line that the probe writes.
type Event struct {
	Case   int     `json:"case"`             // index in the list of cases
	Begins bool    `json:"begins,omitempty"` // the case begins; otherwise it has ended
	Arrays []Array `json:"arrays,omitempty"`
	Error  string  `json:"error,omitempty"`
	Where  string  `json:"where,omitempty"` // file and line of the exercise's code that panicked
	Blank  string  `json:"blank,omitempty"` // the exercise that was called and is not written yet
}

// The exit status of the probe if a case does not end.
const (
	StatusTooLong = 3 // it computes
	StatusWaits   = 4 // it does nothing
)
