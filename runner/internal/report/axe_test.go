package report

import (
	"encoding/json"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"biomass/runner/internal/evaluate"
)

// TestAccessible has axe-core look at pages in a headless Chromium, light and dark,
// wide and narrow: those of the tests' documents, and the reports in the folder that
// RUNNER_REPORTS names. RUNNER_AXE names the file axe.min.js (npm install axe-core).
func TestAccessible(t *testing.T) {
	if os.Getenv("RUNNER_AXE") == "" {
		t.Skip("RUNNER_AXE does not name axe.min.js: accessibility is not tested")
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("there is no chromium: accessibility is not tested")
	}
	axe, err := os.ReadFile(os.Getenv("RUNNER_AXE"))
	if err != nil {
		t.Fatal(err)
	}
	made := t.TempDir()
	for name, change := range map[string]func(*evaluate.Input){"discs": nil, "species": classes(30, 2.5)} {
		files, err := Render(document(t, change))
		if err != nil {
			t.Fatal(err)
		}
		writeFiles(t, filepath.Join(made, name), files)
	}
	pages, _ := filepath.Glob(filepath.Join(made, "*", htmlFile)) // patterns without fault
	if shown := os.Getenv("RUNNER_REPORTS"); shown != "" {
		more, _ := filepath.Glob(filepath.Join(shown, "*", htmlFile))
		pages = append(pages, more...)
	}
	for _, path := range pages {
		for name, arguments := range map[string][]string{
			"light": {"--blink-settings=preferredColorScheme=1", "--window-size=1280,900"},
			"dark":  {"--blink-settings=preferredColorScheme=0", "--window-size=400,900"},
		} {
			t.Run(filepath.Base(filepath.Dir(path))+"_"+name, func(t *testing.T) {
				for _, fault := range faults(t, chromium, arguments, path, string(axe)) {
					t.Error(fault)
				}
			})
		}
	}
}

// judged is where the page leaves what axe found.
var judged = regexp.MustCompile(`(?s)<pre id="judged">(.*?)</pre>`)

// faults returns what axe finds wrong with a page, everything unfolded.
func faults(t *testing.T, chromium string, arguments []string, path, axe string) []string {
	t.Helper()
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	open := regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>`).ReplaceAllString(string(page), "")
	if open == string(page) {
		t.Fatal("the page has no Content-Security-Policy")
	}
	open = strings.Replace(open, "</body>", `<script>`+axe+`</script><script>
document.querySelectorAll("details").forEach((d) => (d.open = true));
axe.run().then((found) => {
  const faults = found.violations.flatMap((v) => v.nodes.map((n) => v.id + ": " + n.html.slice(0, 200) + " " + n.failureSummary));
  const out = document.createElement("pre");
  out.id = "judged";
  out.textContent = JSON.stringify({ passes: found.passes.map((p) => p.id), faults });
  document.body.append(out);
});
</script></body>`, 1)
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(open), 0o666); err != nil {
		t.Fatal(err)
	}
	arguments = append(arguments, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=60000", "--dump-dom", "file://"+file)
	dom, err := exec.Command(chromium, arguments...).Output()
	if err != nil {
		t.Fatal(err)
	}
	found := judged.FindSubmatch(dom)
	if found == nil {
		t.Fatal("axe did not finish")
	}
	var result struct{ Passes, Faults []string }
	if err := json.Unmarshal([]byte(html.UnescapeString(string(found[1]))), &result); err != nil {
		t.Fatal(err)
	}
	for _, rule := range []string{"color-contrast", "heading-order", "svg-img-alt", "html-has-lang", "region"} {
		if !strings.Contains(strings.Join(result.Passes, " "), rule) {
			t.Errorf("axe did not judge %s", rule)
		}
	}
	return result.Faults
}
