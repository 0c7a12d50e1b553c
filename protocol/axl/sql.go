package axl

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"ctlclient/message"
)

// Row is one row of an SQL answer: column names in small letters, values as they came.
type Row map[string]string

type sqlRequest struct {
	SQL string `xml:"sql"`
}

// SQL asks the cluster's database; query begins with "select" and must order its rows,
// so that a large answer can be asked for in pages. No rows are no error.
func (c *Client) SQL(ctx context.Context, query string) ([]Row, error) {
	rest, ok := strings.CutPrefix(query, "select ")
	if !ok {
		return nil, message.Errorf("%q does not begin with select", query)
	}
	rows, err := c.rows(ctx, query)
	if _, ok := asTooLarge(err); !ok {
		return rows, err
	}
	rows = nil
	err = pages(ctx, func(skip, first int) (int, error) {
		page, err := c.rows(ctx, fmt.Sprintf("select skip %d first %d %s", skip, first, rest))
		rows = append(rows, page...)
		return len(page), err
	})
	return rows, err
}

func (c *Client) rows(ctx context.Context, query string) ([]Row, error) {
	var answer struct {
		Rows []fields `xml:"return>row"`
	}
	if err := c.call(ctx, "executeSQLQuery", sqlRequest{query}, &answer); err != nil {
		return nil, err
	}
	rows := make([]Row, 0, len(answer.Rows))
	for _, fs := range answer.Rows {
		row := make(Row, len(fs))
		for _, f := range fs {
			row[strings.ToLower(f.name)] = f.text
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func number(s string) (int, bool) {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	return n, err == nil && n >= 0
}
