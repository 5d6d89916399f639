package cli

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// value is a flag that checks its value. The default is in the variable that it sets.
type value[T any] struct {
	to    *T
	parse func(text string) (T, error)
	valid func(T) bool
	want  string
	words []string // that a shell completes
}

func (v value[T]) String() string { return fmt.Sprint(*v.to) }
func (v value[T]) Type() string   { return "value" }

func (v value[T]) Set(text string) error {
	x, err := v.parse(text)
	if err != nil || !v.valid(x) {
		return fmt.Errorf("must be %s", v.want)
	}
	*v.to = x
	return nil
}

// AtLeast is a flag for a whole number from least on.
func AtLeast(least int, to *int) pflag.Value {
	want := fmt.Sprintf("a whole number of at least %d", least)
	return value[int]{to, strconv.Atoi, func(n int) bool { return n >= least }, want, nil}
}

// Between is a flag for a whole number from least to most.
func Between(least, most int, to *int) pflag.Value {
	want := fmt.Sprintf("a whole number from %d to %d", least, most)
	return value[int]{to, strconv.Atoi, func(n int) bool { return n >= least && n <= most }, want, nil}
}

// Seed is a flag for a whole number from 0 to most.
func Seed(most uint64, to *uint64) pflag.Value {
	parse := func(text string) (uint64, error) { return strconv.ParseUint(text, 10, 64) }
	want := fmt.Sprintf("a whole number from 0 to %d", most)
	return value[uint64]{to, parse, func(n uint64) bool { return n <= most }, want, nil}
}

// Positive is a flag for a finite number above 0.
func Positive(to *float64) pflag.Value {
	return value[float64]{to, parseFloat, func(x float64) bool { return x > 0 && !math.IsInf(x, 0) }, "a finite number above 0", nil}
}

// NotNegative is a flag for a finite number of at least 0.
func NotNegative(to *float64) pflag.Value {
	return value[float64]{to, parseFloat, func(x float64) bool { return x >= 0 && !math.IsInf(x, 0) }, "a finite number of at least 0", nil}
}

func parseFloat(text string) (float64, error) { return strconv.ParseFloat(text, 64) }

// Choice is a flag for one of several words, which a shell completes.
func Choice(to *string, words ...string) pflag.Value {
	parse := func(text string) (string, error) { return text, nil }
	return value[string]{to, parse, func(text string) bool { return slices.Contains(words, text) }, list(words, "or"), words}
}

// complete lets a shell complete the flags and arguments of c and its subcommands: folders are those that are called DIR.
// Help lists flags in the order of their declaration.
func complete(c *cobra.Command) {
	c.Flags().SortFlags = false
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if v, ok := f.Value.(value[string]); ok {
			_ = c.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(v.words, cobra.ShellCompDirectiveNoFileComp)) // the flag exists
		}
		if name, _ := pflag.UnquoteUsage(f); name == "DIR" {
			_ = c.MarkFlagDirname(f.Name) // the flag exists
		}
	})
	if strings.HasSuffix(c.Use, " DIR") {
		c.ValidArgsFunction = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
	}
	switch c.Name() { // Cobra's own succeed with an unknown argument
	case "completion":
		Group(c, "shell")
	case "help":
		c.Args = func(c *cobra.Command, args []string) error {
			if _, rest, err := c.Root().Find(args); err != nil || len(rest) > 0 {
				return fmt.Errorf("there is no command %q", strings.Join(args, " "))
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		complete(sub)
	}
}

// flagError explains an error that pflag found in the arguments of c, such as a flag that c does not have: it has one dash,
// other commands have it, or c has a similar one. Of a flag with one dash pflag reads letters until one is unknown.
func flagError(c *cobra.Command, args []string, err error) error {
	if c.HasSubCommands() && c.RunE == nil {
		return missing(c, " before its flags")
	}
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return err
	}
	name := unknown.GetSpecifiedName()
	if letters := unknown.GetSpecifiedShortnames(); letters != "" { // from the unknown one on
		i := slices.IndexFunc(args, func(arg string) bool { return arg[:min(2, len(arg))] != "--" && strings.HasSuffix(arg, letters) })
		name, _, _ = strings.Cut(strings.TrimPrefix(args[i], "-"), "=")
		if c.Flags().Lookup(name) != nil {
			return fmt.Errorf("write --%s instead of -%s", name, name)
		}
	}
	problem := fmt.Sprintf("%s has no flag --%s", path(c), name)
	if found := owners(c.Root(), name); len(found) > 0 {
		return fmt.Errorf("%s; it belongs to %s", problem, list(found, "and"))
	}
	// Cobra compares the names of commands.
	flags := &cobra.Command{}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		flags.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	if similar := similar(flags, name); len(similar) > 0 {
		return fmt.Errorf("%s; did you mean --%s?", problem, list(similar, "or --"))
	}
	return errors.New(problem)
}

// owners lists the commands below c with a flag, those of a group as in "train rnn|lstm".
func owners(c *cobra.Command, flag string) (found []string) {
	var leaves []string
	for _, sub := range c.Commands() {
		found = append(found, owners(sub, flag)...)
		if sub.Flags().Lookup(flag) != nil && !sub.HasSubCommands() {
			leaves = append(leaves, sub.Name())
		}
	}
	if len(leaves) > 0 && c.HasParent() {
		leaves = []string{path(c) + " " + strings.Join(leaves, "|")}
	}
	return append(found, leaves...)
}
