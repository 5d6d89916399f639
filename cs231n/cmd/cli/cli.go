// Package cli is what this project's commands add to Cobra: flags that check their values, errors of one line that suggest a
// correction, exit statuses, the version, and files with the traces of crashes.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Run executes a command line and returns the exit status: 2 for an error in the command line, 130 if Ctrl-C or SIGTERM
// ended the command's context, 1 for any other error. An error is one line on stderr.
func Run(ctx context.Context, root *cobra.Command, args []string, stdout, stderr io.Writer) int {
	root.SetArgs(append([]string{}, args...)) // nil would mean os.Args
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return flagError(c, args, err) })
	root.SetUsageTemplate(strings.Replace(root.UsageTemplate(), "{{if .Runnable}}", "{{if or .RunE (not .HasAvailableSubCommands)}}", 1))
	root.Version = version(debug.ReadBuildInfo())
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	complete(root)
	valid := false // whether the command line is
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) (err error) {
		c.Flags().Visit(func(f *pflag.Flag) {
			if f.Value.String() == "" {
				err = fmt.Errorf("--%s needs a value", f.Name)
			}
		})
		valid = err == nil
		return err
	}
	called := root
	err := recovered(args, func() (err error) {
		called, err = root.ExecuteContextC(ctx)
		return err
	})
	if err == nil {
		return 0
	}
	status, hint := 1, ""
	switch misuse := (usageError{}); {
	case !valid || errors.As(err, &misuse):
		status, hint = 2, fmt.Sprintf(" (see %s --help)", called.CommandPath())
	case errors.Is(err, context.Canceled):
		status = 130 // as a shell reports a program that Ctrl-C ended
	}
	line := strings.TrimPrefix(strings.ReplaceAll(err.Error(), "\n", "; "), root.Name()+" ")
	fmt.Fprintf(stderr, "%s: %s%s\n", root.Name(), line, hint)
	return status
}

// usageError is an error in the command line.
type usageError struct{ error }

// Usagef returns an error in the command line that a command finds itself.
func Usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// Group gives c subcommands, which errors call a kind, such as "model". Unless c has a RunE it needs one of them.
func Group(c *cobra.Command, kind string, subcommands ...*cobra.Command) *cobra.Command {
	c.AddCommand(subcommands...)
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) == 0 && c.RunE != nil {
			return nil
		}
		if len(args) == 0 {
			return missing(c, "")
		}
		if similar := similar(c, args[0]); len(similar) > 0 {
			return fmt.Errorf("%s has no %s %q; did you mean %s?", path(c), kind, args[0], list(similar, "or"))
		}
		return fmt.Errorf("%s has no %s %q; choose %s", path(c), kind, args[0], names(c))
	}
	c.Annotations = map[string]string{"kind": kind}
	c.Run = func(*cobra.Command, []string) {} // else Cobra would print help instead of calling Args
	return c
}

// missing says that a command of [Group] lacks a subcommand.
func missing(c *cobra.Command, where string) error {
	return fmt.Errorf("%s needs a %s%s: %s", path(c), c.Annotations["kind"], where, names(c))
}

// Args requires an argument for each name, none of them empty.
func Args(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		for i, name := range names {
			if len(args) <= i || args[i] == "" {
				return fmt.Errorf("%s needs %s", path(c), name)
			}
		}
		if len(args) > len(names) {
			return fmt.Errorf("%s does not take %q", path(c), args[len(names)])
		}
		return nil
	}
}

// similar lists the subcommands whose names are a few letters away from a name.
func similar(c *cobra.Command, name string) []string {
	c.SuggestionsMinimumDistance = min(2, len(name)/2)
	return c.SuggestionsFor(name)
}

// path names a command as in "train gan": without the program, unless it is the program itself.
func path(c *cobra.Command) string { return strings.TrimPrefix(c.CommandPath(), c.Root().Name()+" ") }

// names lists the subcommands of c, without Cobra's own.
func names(c *cobra.Command) string {
	var names []string
	for _, sub := range c.Commands() {
		if sub.Name() != "completion" && sub.Name() != "help" && sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return list(names, "or")
}

// list writes "a, b or c".
func list(words []string, last string) string {
	n := len(words) - 1
	if n < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:n], ", ") + " " + last + " " + words[n]
}
