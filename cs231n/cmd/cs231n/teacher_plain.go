//go:build plain

package main

import "github.com/spf13/cobra"

// teacherCommands lists the commands for teachers. They are not part of this edition.
func teacherCommands() []*cobra.Command { return nil }

// guardCommand does nothing, since nothing runs in a sandbox.
func guardCommand() {}
