package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagError explains an error that pflag found in the arguments of c.
func flagError(c *cobra.Command, args []string, err error) error {
	if c.HasSubCommands() && c.RunE == nil {
		return missing(c, " before its flags")
	}
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		return unknownFlag(c, args, unknown.GetSpecifiedName(), unknown.GetSpecifiedShortnames())
	}
	return err
}

// unknownFlag explains a flag that c does not have: it has one dash, other commands have it, or c has a similar one. Of a flag
// with one dash pflag reads letters until one is unknown, which letters begins with.
func unknownFlag(c *cobra.Command, args []string, name, letters string) error {
	if letters != "" {
		i := slices.IndexFunc(args, func(arg string) bool { return arg[:min(2, len(arg))] != "--" && strings.HasSuffix(arg, letters) })
		name, _, _ = strings.Cut(strings.TrimPrefix(args[i], "-"), "=")
		if c.Flags().Lookup(name) != nil {
			return fmt.Errorf("write --%s instead of -%s", name, name)
		}
	}
	problem := fmt.Sprintf("%s has no flag --%s", path(c), name)
	if found := owners(c.Root(), name); len(found) > 0 {
		verb := "has"
		if len(found) > 1 || strings.Contains(found[0], "|") {
			verb = "have"
		}
		return fmt.Errorf("%s; %s %s it", problem, list(found, "and"), verb)
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
