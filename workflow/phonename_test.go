package workflow

import (
	"testing"

	"ctlclient/trust"
)

func TestPhonesAreCountedOnce(t *testing.T) {
	for _, c := range []struct {
		phone trust.Phone
		want  string
	}{
		{trust.Phone{Name: "SEP000E38C07940", Model: "7940"}, "SEP000E38C07940 (7940)"},
		{trust.Phone{Name: "12 x 7940", Model: "7940", Count: 12}, "12 x 7940"},
		{trust.Phone{Name: "lobby", Model: "7940", Count: 3}, "3 x lobby (7940)"},
	} {
		if got := phoneName(c.phone); got != c.want {
			t.Errorf("%+v is called %q, want %q", c.phone, got, c.want)
		}
	}
}
