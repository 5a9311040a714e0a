package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"biomass/runner/internal/export"
	"biomass/runner/internal/lock"
)

// endings are those of exported files' names.
var endings = map[string]string{export.Safetensors: ".safetensors", export.Torch: ".pth", export.ONNX: ".onnx"}

func (s *invocation) export() *cobra.Command {
	var format, out string
	var limit int64
	c := &cobra.Command{
		Use:   "export LOCK",
		Short: "Write the locked weights for Python: safetensors, torch or ONNX",
		Long: "export writes the weights that are locked, once they have the locked digest, with torchvision's names: as safetensors, as a\n" +
			"state_dict that torch.load(weights_only=True) reads, or as the graph of an evaluation for ONNX. What a picture has to become\n" +
			"before, and what the outputs mean, stands in the file's metadata, and the lock does: predict and evaluate take the first two\n" +
			"in its place. LOCK is a lockfile, a recipe or a name that has one, a pack, an exported file, or any file of weights, .safetensors, .pth or .pt, which is converted.",
		Args: exactly(1, "one lockfile, pack or file of weights"),
		RunE: func(_ *cobra.Command, args []string) error {
			if format == "" {
				format = export.FormatOf(out)
			}
			if endings[format] == "" {
				why := fmt.Errorf("--format %s: want safetensors, torch or onnx", format)
				if format == "" {
					why = errors.New("say in which format: --format safetensors, torch or onnx, or an --out that ends in .safetensors, .pth or .onnx")
				}
				return misuse{why}
			}
			name := strings.TrimSuffix(filepath.Base(args[0]), lock.Suffix)
			if out == "" {
				out = strings.TrimSuffix(name, filepath.Ext(name)) + endings[format]
			}
			e, err := s.exported(args[0], format, out, limit)
			if err != nil {
				return err
			}
			if s.json {
				return json.NewEncoder(s.out).Encode(e)
			}
			fmt.Fprintf(s.out, "wrote %s: %s, %d tensors, %s\n", e.Path, e.Format, e.Tensors, size(int64(e.Bytes)))
			if !e.Weights.IsZero() {
				fmt.Fprintf(s.out, "of the locked weights %s\n", e.Weights)
			}
			return nil
		},
	}
	c.Flags().StringVar(&format, "format", "", "`FORMAT`: safetensors, torch or onnx; without it the ending of --out says")
	c.Flags().StringVar(&out, "out", "", "`FILE` to write, instead of NAME.safetensors, NAME.pth or NAME.onnx")
	limitFlag(c, &limit)
	return c
}

// exported exports what path is: something with a lock, or else a file of weights.
func (s *invocation) exported(path, format, out string, limit int64) (*export.Exported, error) {
	if export.FormatOf(path) != "" && !export.Is(path) {
		return export.Convert(path, format, out)
	}
	locked, closeLock, err := s.locked(path, limit)
	if err != nil {
		return nil, err
	}
	defer closeLock()
	return export.Locked(locked, format, out)
}
