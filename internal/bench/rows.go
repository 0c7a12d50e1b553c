package main

// groups are what is run; none takes longer than some seconds.
var groups = []group{
	{pkg: "./cluster", pattern: "^TestRoundTripsOfAnUpdate$"},
	{pkg: "./workflow", pattern: "^BenchmarkFar$", time: "2x", count: 2},
	{pkg: "./ctlbuild", pattern: "^BenchmarkFull$", time: "500x", count: 3},
	{pkg: "./interop", pattern: "^BenchmarkVerify$", time: "30x"},
	{pkg: "./interop", pattern: "^BenchmarkFolder$", time: "3x"},
	{pkg: "./token/host", pattern: "^BenchmarkHost$", time: "60x", count: 6},
	{pkg: "./trust/fleet", pattern: "^BenchmarkVerdicts$", time: "5x"},
	{pkg: "./protocol/axl", pattern: "^BenchmarkPhones$", time: "2x"},
	{pkg: "./lab", pattern: "^BenchmarkUp$/^cucm=false$", time: "2x"},
	{pkg: "./cmd/ctlclient", pattern: "^TestProviderLoad$"},
}

// How a figure is compared with its limit.
type kind int

const (
	ratio    kind = iota // at most so many times the limit
	more                 // at most so much more than the limit
	absolute             // at most so much
	told                 // nothing to reach, or something that a test holds
)

// size is a figure at one size, and its limit.
type size struct {
	n            float64 // 0: the row has one size alone
	got, limit   string  // keys of figures
	words        string  // what the size is, when n is 0
	given, scale float64 // a limit that is a number and not measured; what got and limit are divided by
}

// row is one line of issue and table.
type row struct {
	what, beside string // the figure; its limit
	unit, per    string // of the figure; of the size
	kind         kind
	most         float64
	reach        string
	sizes        []size
	reason       string // when it falls short
}

var rows = []row{
	{what: "update of one node, its round trips", beside: "connect, TLS, login, read, stage, commit, read back: 10 for CTLP, 25 for SFTP", unit: "trips", most: 1.5, reach: "1.5 x",
		sizes: []size{{words: "publisher", got: "trips/pub trips", given: 10}, {words: "subscriber", got: "trips/sub trips", given: 10}, {words: "SFTP", got: "trips/alt trips", given: 25}}},
	{what: "update, round trips one after the other", beside: "the publisher and one SFTP server alone", unit: "trips", per: "node", most: 1.1, reach: "1.1 x",
		sizes:  []size{{n: 1, got: "Far/update/1 update-trips", limit: "Far/update/1 update-trips"}, {n: 17, got: "Far/update/17 update-trips", limit: "Far/update/1 update-trips"}},
		reason: farTrips},
	{what: "update over 20 ms, on the clock", beside: "the publisher and one SFTP server alone", unit: "ms", per: "node", most: 1.1, reach: "1.1 x",
		sizes:  []size{{n: 1, got: "Far/update/1 update-ms", limit: "Far/update/1 update-ms"}, {n: 17, got: "Far/update/17 update-ms", limit: "Far/update/1 update-ms"}},
		reason: "no node waits for another, as the round trips one after the other say; what is more is the processors of this one machine, on which the practice cluster's 17 servers, their handshakes and the ways to them run as well: the next line, by the number of processors"},
	{what: "the same, time of processors, servers included", beside: "the publisher and one SFTP server alone", unit: "ms", per: "node", kind: told, reach: "none",
		sizes: []size{{n: 1, got: "Far/update/1 update-cpu-ms"}, {n: 17, got: "Far/update/17 update-cpu-ms"}}},
	{what: "cluster status, round trips one after the other", beside: "the publisher and one SFTP server alone", unit: "trips", per: "node", most: 1.1, reach: "1.1 x",
		sizes:  []size{{n: 1, got: "Far/status/1 status-trips", limit: "Far/status/1 status-trips"}, {n: 17, got: "Far/status/17 status-trips", limit: "Far/status/1 status-trips"}},
		reason: farTrips},
	{what: "cluster status at 20 ms, on the clock", beside: "the publisher and one SFTP server alone", unit: "ms", per: "node", most: 1.1, reach: "1.1 x",
		sizes:  []size{{n: 1, got: "Far/status/1 status-ms", limit: "Far/status/1 status-ms"}, {n: 17, got: "Far/status/17 status-ms", limit: "Far/status/1 status-ms"}},
		reason: "as of the update: 17 TLS handshakes and logins of the servers on the same processors"},
	{what: "a list read and verified, median of ratios", beside: "the digest and one RSA verification", unit: "x", per: "record", kind: absolute, most: 1.25, reach: "1.25 x",
		sizes: []size{{n: 14, got: "Full/14-records x-limit"}, {n: 57, got: "Full/57-records x-limit"}}},
	{what: "a list read and verified, allocations", unit: "", per: "record", kind: told, reach: "independent of the records", beside: "none",
		sizes: []size{{n: 14, got: "Full/14-records allocs/op"}, {n: 57, got: "Full/57-records allocs/op"}}},
	{what: "file verify as a process, time of processors", beside: "/bin/true", unit: "ms", per: "record", kind: more, most: 3, reach: "+ 3 ms",
		sizes:  []size{{n: 8, got: "Verify/8 verify-cpu-ms", limit: "Verify/8 true-cpu-ms"}, {n: 57, got: "Verify/57 verify-cpu-ms", limit: "Verify/57 true-cpu-ms"}},
		reason: "the start of a Go program with cgo and its packages' initialisation; the list itself takes 0.2 ms"},
	{what: "file verify as a process, on the clock", beside: "/bin/true", unit: "ms", per: "record", kind: more, most: 3, reach: "+ 3 ms",
		sizes:  []size{{n: 8, got: "Verify/8 verify-ms", limit: "Verify/8 true-ms"}, {n: 57, got: "Verify/57 verify-ms", limit: "Verify/57 true-ms"}},
		reason: "as the line above, and what others did on the machine"},
	{what: "lists of phones (CTLSEP*.tlv) verified, time of processors", beside: "cat of the same files", unit: "ms", per: "list", most: 3, reach: "3 x",
		sizes:  []size{{n: 1_000, got: "Folder/1000 verify-cpu-ms", limit: "Folder/1000 read-cpu-ms"}, {n: 10_000, got: "Folder/10000 verify-cpu-ms", limit: "Folder/10000 read-cpu-ms"}},
		reason: "one RSA verification of each list alone is about as long as opening and reading it twice"},
	{what: "a signature through a token, module host included", beside: "the same module called in this process", unit: "ms", most: 1.05, reach: "1.05 x",
		sizes:  []size{{words: "2048 bits", got: "Host/sign ns/op", limit: "Host/sign_in_process ns/op", scale: 1e6}},
		reason: "two pipes and two changes of process for each call, against a signature in software of about a millisecond; hardware takes a hundred times as long"},
	{what: "the first signature: start of the module host", beside: "none", unit: "ms", kind: absolute, most: 15, reach: "15 ms",
		sizes:  []size{{words: "one module", got: "Host/start ns/op", scale: 1e6}},
		reason: "a process and the module's own start, on a machine that is busy"},
	{what: "verdicts on phones from a CSV, time of processors", beside: "reading the same CSV", unit: "ms", per: "phone", kind: absolute, most: 300, reach: "0.3 s",
		sizes: []size{{n: 10_000, got: "Verdicts/10000 verdicts-cpu-ms", limit: "Verdicts/10000 read-cpu-ms"}, {n: 100_000, got: "Verdicts/100000 verdicts-cpu-ms", limit: "Verdicts/100000 read-cpu-ms"}}},
	{what: "verdicts on phones: memory in use with all of them", beside: "none", unit: "MB", per: "phone", kind: absolute, most: 100, reach: "100 MB",
		sizes: []size{{n: 10_000, got: "Verdicts/10000 held-MB"}, {n: 100_000, got: "Verdicts/100000 held-MB"}}},
	{what: "phones listed by AXL pages, time of processors, client and server", beside: "the same bytes over the same connection, not read as XML", unit: "ms", kind: absolute, most: 300, reach: "0.3 s",
		sizes: []size{{words: "100,000 phones", got: "Phones list-cpu-ms", limit: "Phones transport-cpu-ms"}}},
	{what: "lab up, a folder that is there, time of processors", beside: "none", unit: "ms", per: "node", kind: told, reach: "linear", sizes: up("true")},
	{what: "lab up, a new folder: keys are made too", beside: "none", unit: "ms", per: "node", kind: told, reach: "linear", sizes: up("false")},
	{what: "provider: 1,000 clients ask, 50 store, one guesses; none refused (a test holds it): memory", beside: "stated in docs/provider.md", unit: "MiB", kind: absolute, most: 400, reach: "bounded and stated",
		sizes: []size{{words: "1,050 clients", got: "load MiB", given: 400}}},
	{what: "desktop: first window, on the clock", beside: "a window with one label, of the same toolkit", unit: "ms", kind: more, most: 100, reach: "+ 100 ms",
		sizes:  []size{{words: "no cluster", got: "desktop window-ms", limit: "label window-ms"}},
		reason: "a hidden window is opened first, as the toolkit ends the program without a word where there is no OpenGL; then the screen, in two weights of its font where the label has one"},
	{what: "desktop: first window, time of processors", beside: "a window with one label, of the same toolkit", unit: "ms", kind: more, most: 100, reach: "+ 100 ms",
		sizes:  []size{{words: "no cluster", got: "desktop window-cpu-ms", limit: "label window-cpu-ms"}},
		reason: "as the line above; counted in hundredths of a second"},
	{what: "desktop: memory at rest, pages shared with others included", beside: "a window with one label, of the same toolkit", unit: "MB", kind: more, most: 30, reach: "+ 30 MB",
		sizes:  []size{{words: "no cluster", got: "desktop MB", limit: "label MB"}},
		reason: "a third is the larger program's own pages, which are read from its file; the toolkit holds every weight and every substitute of its fonts in parsed form, 9 MB for each weight"},
	{what: "desktop: wake-ups of its threads at rest, a second", beside: "a window with one label, of the same toolkit", unit: "", kind: ratio, most: 1, reach: "none of its own",
		sizes:  []size{{words: "no cluster", got: "desktop wake-ups", limit: "label wake-ups"}},
		reason: "the toolkit asks for events 60 times a second and has no other way; of ours is one look at the tokens a second, as one that is plugged in is to be seen within two, and the processes of the modules that are looked at"},
	{what: "headless program, stripped", beside: "none", unit: "MB", kind: absolute, most: 12, reach: "12 MB",
		sizes: []size{{words: "linux/amd64", got: "program MB"}}, reason: "what it is made of stands below: a third is the table of functions, which Go needs to collect garbage and to tell of panics; no reflection keeps methods alive that nothing calls, and no data of more than 100 kB is built in"},
}

// farTrips are counted by the clock, at two distances.
const farTrips = "a machine that was busier while the servers were farther away makes the count too high"

func up(again string) []size {
	const key = "Up/cucm=false/nodes="
	return []size{
		{n: 2, got: key + "2/again=" + again + " up-cpu-ms"},
		{n: 8, got: key + "8/again=" + again + " up-cpu-ms"},
		{n: 28, got: key + "28/again=" + again + " up-cpu-ms"},
	}
}
