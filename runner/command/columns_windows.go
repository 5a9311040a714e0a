package command

import (
	"os"

	"golang.org/x/sys/windows"
)

// windowColumns asks a terminal how wide it is; 0 where it does not say.
func windowColumns(f *os.File) int {
	var info windows.ConsoleScreenBufferInfo
	if windows.GetConsoleScreenBufferInfo(windows.Handle(f.Fd()), &info) != nil {
		return 0
	}
	return int(info.Window.Right-info.Window.Left) + 1
}
