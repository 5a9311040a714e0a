package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"biomass/runner/internal/review"
	"biomass/runner/internal/verify"
)

func (s *invocation) verify() *cobra.Command {
	var limit int64
	var depth levelFlags
	var hidden holdoutFlags
	var against string
	c := &cobra.Command{
		Use:   "verify LOCK",
		Short: "Check a lock against data and weights, or by training again",
		Long: "verify hashes the data and evaluates the kept weights again. LOCK is a lockfile, a recipe or a name that has one, or a pack. With --lock-only it looks at the lock,\n" +
			"the recipe and the report alone; with --spot K it also trains K epochs again from their kept states;\n" +
			"with --rerun it trains again from nothing. It says what each of them proves and what it leaves open.\n" +
			"Exit code 0: VERIFIED, bit for bit; 3: DIFFERS; 4: INPUTS DIFFER; 5: INCOMPLETE.",
		Args:        exactly(1, "one lockfile or pack"),
		Annotations: map[string]string{markdown: ""},
		RunE: func(c *cobra.Command, args []string) error {
			level, err := depth.level(c)
			if err != nil {
				return err
			}
			holdout, err := hidden.holdout()
			if err != nil {
				return err
			}
			wanted, err := assigned(against)
			if err != nil {
				return err
			}
			path, err := review.LockOf(args[0])
			if err != nil {
				return err
			}
			o := verify.Options{
				Lock: path, Limit: limit << 20, Data: s.dataRoot(), Store: s.machine.store, Weights: s.machine.weights, Progress: s.progress(),
				Level: level, Spots: depth.spots, Seed: depth.seed, Holdout: holdout, Assigned: wanted, PhotoMemory: s.machine.photos,
			}
			if !c.Flags().Changed("seed") {
				o.Seed = uint64(time.Now().UnixNano())
			}
			v, err := verify.Run(c.Context(), o)
			if err != nil {
				return err
			}
			if s.json {
				err = json.NewEncoder(s.out).Encode(v)
			} else {
				s.printVerdict(path, v)
			}
			if code := verdictCode[v.Judgement]; err == nil && code != fine {
				return exit(code)
			}
			return err
		},
	}
	depth.add(c)
	hidden.add(c)
	assignedFlag(c, &against)
	limitFlag(c, &limit)
	s.dataFlag(c)
	return c
}

// levelFlags are those of verify and grade that say how far a verification goes.
type levelFlags struct {
	lockOnly, rerun bool
	spots           int
	seed            uint64
}

func (f *levelFlags) add(c *cobra.Command) {
	c.Flags().BoolVar(&f.lockOnly, "lock-only", false, "without the data: the lock, and the recipe and report beside it")
	c.Flags().IntVar(&f.spots, "spot", 0, "train `K` epochs again, chosen by --seed, from the states that apply --keep-checkpoints kept")
	c.Flags().Uint64Var(&f.seed, "seed", 0, "`N` chooses the epochs of --spot; without it the clock does")
	c.Flags().BoolVar(&f.rerun, "rerun", false, "train again from nothing and compare bit for bit")
}

// level returns the one that is chosen.
func (f *levelFlags) level(c *cobra.Command) (verify.Level, error) {
	level, given := verify.Evaluation, 0
	spot := c.Flags().Changed("spot")
	for _, choice := range []struct {
		given bool
		level verify.Level
	}{{f.lockOnly, verify.LockOnly}, {spot, verify.Spot}, {f.rerun, verify.Rerun}} {
		if choice.given {
			level = choice.level
			given++
		}
	}
	switch {
	case given > 1:
		return level, misuse{errors.New("--lock-only, --spot and --rerun are three levels: choose one")}
	case spot && f.spots < 1:
		return level, misuse{fmt.Errorf("--spot %d: want at least one epoch", f.spots)}
	}
	return level, nil
}

// arguments are the flags of a verification that goes as far.
func (f *levelFlags) arguments(c *cobra.Command, level verify.Level) (all []string) {
	switch level {
	case verify.LockOnly:
		all = append(all, "--lock-only")
	case verify.Spot:
		all = append(all, "--spot", strconv.Itoa(f.spots))
	case verify.Rerun:
		all = append(all, "--rerun")
	}
	if c.Flags().Changed("seed") {
		all = append(all, "--seed", strconv.FormatUint(f.seed, 10))
	}
	return all
}

var verdictCode = map[verify.Judgement]int{
	verify.Verified: fine, verify.Differs: differs, verify.InputsDiffer: inputs, verify.Incomplete: incomplete,
}

// printVerdict prints a verdict, in Markdown for a comment on a pull request.
func (s *invocation) printVerdict(path string, v *verify.Verdict) {
	bullet, escaped := "  ", oneLine
	if s.markdown {
		bullet, escaped = "- ", cell
		fmt.Fprintf(s.out, "**%s** %s (level: %s)\n\n", v.Judgement, code(path), v.Level)
	} else {
		fmt.Fprintf(s.out, "%s (%s)\n", v.Judgement, v.Level)
	}
	say := func(words ...any) { fmt.Fprintln(s.out, bullet+escaped(fmt.Sprint(words...))) }
	for _, reason := range v.Reasons {
		say(reason)
	}
	for _, w := range v.Warnings {
		say("warning: ", w)
	}
	if v.Spots != nil {
		say("spots: ", v.Spots)
	}
	if v.Holdout != nil {
		say("holdout: ", sayHoldout(v.Holdout))
	}
	if said := sayChanges(v.Changes); said != "" {
		say("recipe: ", said)
	}
	if v.Judgement == verify.Verified {
		say("proved: ", v.Proves)
		say("left open: ", v.Open)
	}
}
