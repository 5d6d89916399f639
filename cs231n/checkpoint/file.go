package checkpoint

import (
	"encoding"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/cs231n-go/assignment3/cs231n/nn"
)

// File is a checkpoint in memory. Its state is a JSON object.
type File struct {
	Path  string
	Store *model.Store

	state map[string]json.RawMessage
}

// Open reads the checkpoint at path. Errors are as for [Load].
func Open(path string) (f *File, err error) {
	f = &File{Path: path}
	f.Store, err = Load(path, &f.state)
	return f, err
}

// Raw returns the JSON of one value of the state, or nil if there is none.
func (f *File) Raw(key string) json.RawMessage { return f.state[key] }

// Decode stores one value of the state in the variable that value points to. If the state lacks the key, the variable is
// unchanged.
func (f *File) Decode(key string, value any) error {
	raw, found := f.state[key]
	if !found {
		return nil
	}
	if err := json.Unmarshal(raw, value); err != nil {
		return fmt.Errorf("checkpoint %s: its %s has the wrong type: %w", f.Path, key, err)
	}
	return nil
}

// Restore sets a random stream to its state in the checkpoint. A missing stream is an error.
func (f *File) Restore(key string, stream encoding.BinaryUnmarshaler) error {
	var state []byte
	err := f.Decode(key, &state)
	if err == nil && state == nil {
		err = fmt.Errorf("checkpoint %s has no random stream %q", f.Path, key)
	}
	if err != nil {
		return err
	}
	if err := stream.UnmarshalBinary(state); err != nil {
		return fmt.Errorf("checkpoint %s: %w", f.Path, err)
	}
	return nil
}

// Shape returns the shape of the variable at path, or an invalid shape if there is none.
func (f *File) Shape(path string) shapes.Shape {
	if v := f.Store.GetVariable(path); v != nil {
		return v.Shape()
	}
	return shapes.Invalid()
}

// Set sets the parameters of modules to their values in the checkpoint. A module is named by its scope. On an error all
// parameters are unchanged.
func (f *File) Set(modules map[string][]*nn.Param) error {
	values := map[*nn.Param]*tensors.Tensor{}
	for scope, params := range modules {
		vars, err := f.Fit(scope, params)
		if err != nil {
			return err
		}
		for i, v := range vars {
			if values[params[i]], err = v.Value(); err != nil {
				return fmt.Errorf("checkpoint %s: parameter %s: %w", f.Path, params[i].Name, err)
			}
		}
	}
	for p, value := range values {
		p.Value = value
	}
	return nil
}

// Fit returns the variables of the parameters below a scope. It returns an error if a variable is missing or has another
// shape than its parameter, or if the scope has other variables.
func (f *File) Fit(scope string, params []*nn.Param) ([]*model.Variable, error) {
	vars := make([]*model.Variable, len(params))
	for i, p := range params {
		vars[i] = f.Store.GetVariable(nn.Path(scope, p))
		if vars[i] == nil {
			return nil, fmt.Errorf("checkpoint %s does not match the model: it lacks the parameter %s of %s", f.Path, p.Name, scope)
		}
		if !vars[i].Shape().Equal(p.Shape()) {
			return nil, fmt.Errorf("checkpoint %s does not match the model: parameter %s of %s is %s, the model's is %s", f.Path, p.Name, scope, vars[i].Shape(), p.Shape())
		}
	}
	for v := range f.Store.Scope("/" + scope).IterVariables() {
		if !slices.Contains(vars, v) {
			return nil, fmt.Errorf("checkpoint %s does not match the model: the model lacks its parameter %s", f.Path, v.Path())
		}
	}
	return vars, nil
}
