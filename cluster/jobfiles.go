package cluster

import (
	"maps"
	"slices"

	"ctlclient/cluster/journal"
)

// JobFiles are the files of a job, as the journal keeps them: the new one, and of each node
// the one that was there before. A nil content is no file.
type JobFiles struct {
	New    []byte
	Former map[string][]byte
}

// FilesOf reads the files of a job from the journal in stateDir ("": the default). No
// cluster is asked.
func FilesOf(stateDir, clusterName, id string) (JobFiles, error) {
	rec, err := (&journal.Store{Dir: DirOf(stateDir, clusterName)}).Open(id)
	if err != nil {
		return JobFiles{}, err
	}
	return JobFiles{New: rec.New, Former: maps.Clone(rec.Former)}, rec.Close()
}

// FormerOf is the file that was there before on the first of some nodes that the journal has one
// of, or on the first by name; nil: there was none.
func (f JobFiles) FormerOf(nodes []NodeOutcome) []byte {
	for _, n := range nodes {
		if data, ok := f.Former[n.Node]; ok {
			return data
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Former)) {
		return f.Former[name]
	}
	return nil
}
