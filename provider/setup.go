package provider

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"ctlclient/internal/atomicfile"
	"ctlclient/message"
)

// exampleFolder is what ExampleConfig serves.
const exampleFolder = `"/var/lib/tftpboot"`

// Init writes a new configuration, ExampleConfig for folder, and makes the
// certificate. The configuration's folder is made where it is missing, 0700; file
// must not exist (fs.ErrExist), folder must.
func Init(file, folder string) (c Config, fingerprint string, err error) {
	if file, err = filepath.Abs(file); err != nil {
		return Config{}, "", err
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return Config{}, "", err
	}
	info, err := os.Stat(folder)
	if err != nil {
		return Config{}, "", err
	}
	if !info.IsDir() {
		return Config{}, "", message.Errorf("%s is no folder", folder)
	}
	text := strings.Replace(ExampleConfig, exampleFolder, strconv.Quote(folder), 1)
	if c, err = parseConfig([]byte(text), file); err != nil {
		return Config{}, "", err
	}
	if err := atomicfile.MakeFolder(filepath.Dir(file)); err != nil {
		return Config{}, "", err
	}
	if err := writeNew(file, 0o600, []byte(text)); err != nil {
		return Config{}, "", err
	}
	fingerprint, _, err = EnsureCertificate(c)
	return c, fingerprint, err
}
