package ctlp

import (
	"errors"
	"io/fs"
	"os"
)

// prepareFormer gives the live file a second name, by a link, or, where the file
// system has none, by a copy, and says whether the commit may make that
// <name>.previous.
func (s *Store) prepareFormer(st *stage, data []byte, info fs.FileInfo) error {
	if kept, err := s.root.Lstat(st.name + previousSuffix); err == nil {
		if kept.IsDir() {
			return refuse(Internal, "%s is a folder, in the place of the former file", s.path(st.name+previousSuffix))
		}
		if err := s.mayReplace(kept); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := s.mayReplace(info); err != nil {
		return err
	}
	if err := s.root.Link(st.name, st.former); err == nil {
		return nil
	}
	st.copied = true
	return s.write(st.former, data, info)
}

// mayReplace says whether a file may be renamed over: a folder with the sticky bit lets
// only its owner do that.
func (s *Store) mayReplace(file fs.FileInfo) error {
	folder, err := s.root.Stat(".")
	if err != nil {
		return err
	}
	if folder.Mode()&fs.ModeSticky != 0 && !ours(folder) && !ours(file) {
		return refuse(Internal, "%s belongs to another user, and the folder has the sticky bit: the CTL Provider may not replace it", s.path(file.Name()))
	}
	return nil
}

// keepFormer makes the live file's second name <name>.previous, without the first one
// missing for a moment. What was prepared is used where it is the live file itself.
func (s *Store) keepFormer(st *stage, data []byte, info fs.FileInfo) error {
	if second, err := s.root.Lstat(st.former); err != nil || !st.copied && !os.SameFile(second, info) {
		// It was taken away, or the same bytes are another file by now.
		if err == nil {
			err = s.root.Remove(st.former)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := s.prepareFormer(st, data, info); err != nil {
			return err
		}
	}
	err := s.root.Rename(st.former, st.name+previousSuffix)
	// A rename onto another name of the same file leaves both, by POSIX.
	if e := s.root.Remove(st.former); e != nil && !errors.Is(e, fs.ErrNotExist) {
		err = errors.Join(err, e)
	}
	return err
}
