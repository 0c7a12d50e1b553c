package sftp_test

import (
	"net"
	"sync"
)

// silent is a connection whose peer can fall silent: what is sent is swallowed,
// and nothing arrives.
type silent struct {
	net.Conn
	mu   sync.Mutex
	mute bool
	once sync.Once
	fell chan struct{} // closed when the first packet was swallowed
}

func (s *silent) fallSilent() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mute = true
}

func (s *silent) Write(p []byte) (int, error) {
	s.mu.Lock()
	mute := s.mute
	s.mu.Unlock()
	if mute {
		s.once.Do(func() { close(s.fell) })
		return len(p), nil
	}
	return s.Conn.Write(p)
}
