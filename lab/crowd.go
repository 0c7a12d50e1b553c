package lab

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"ctlclient/protocol/axl"
	"ctlclient/protocol/serviceability"
)

// The crowd of a CUCM cluster: phones that stand in its database and are registered, and
// neither fetch nor hold anything. They make a cluster large without making it slow.

// maxCrowd is what a cluster of Cisco's takes, and more.
const maxCrowd = 200_000

// crowdModels in turn.
var crowdModels = []string{"8845", "7841", "8861", "7962"}

const crowdPrefix = "SEP0CD0"

// crowd remembers the members of which there is something to say.
type crowd struct {
	mu   sync.Mutex
	away map[int]bool // reset, and not registered since
}

func crowdName(i int) string { return fmt.Sprintf("%s%08X", crowdPrefix, i) }

// crowdIndex finds a member by its name.
func (l *Lab) crowdIndex(name string) (int, bool) {
	digits, ok := strings.CutPrefix(name, crowdPrefix)
	i, err := strconv.ParseUint(digits, 16, 31)
	return int(i), ok && len(digits) == 8 && err == nil && int(i) < l.st.Crowd
}

// crowdPhone is a member as the database has it.
func (l *Lab) crowdPhone(i int, mode string, pool string) axl.Phone {
	name := "Cisco " + crowdModels[i%len(crowdModels)]
	return axl.Phone{Name: crowdName(i), Product: name, Model: name, Protocol: "SIP", DevicePool: pool,
		SecurityProfile: name + " - Standard SIP " + mode + " Profile"}
}

// crowdRegistration is a member as RisPort70 has it.
func (l *Lab) crowdRegistration(i int, node string) serviceability.Registration {
	l.crowd.mu.Lock()
	defer l.crowd.mu.Unlock()
	r := serviceability.Registration{Name: crowdName(i), Status: serviceability.Registered, Node: node, Protocol: "SIP", Load: firmware, Download: "Unknown"}
	if l.crowd.away[i] {
		r.Status = serviceability.Unregistered
	}
	return r
}

// resetCrowd resets a member: it is registered again at once, unless a fault keeps it away.
func (l *Lab) resetCrowd(i int) {
	away := l.takeFault(FaultStray)
	l.crowd.mu.Lock()
	defer l.crowd.mu.Unlock()
	if l.crowd.away == nil {
		l.crowd.away = map[int]bool{}
	}
	if l.crowd.away[i] = away; !away {
		delete(l.crowd.away, i)
	}
}
