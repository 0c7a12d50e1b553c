package gui

import (
	"embed"

	"fyne.io/fyne/v2/lang"

	"ctlclient/gui/widgets"
	"ctlclient/message"
)

//go:embed translations/*.json
var translations embed.FS

// loadTranslations makes the languages known; which one is shown follows the system.
func loadTranslations() error {
	if err := lang.AddTranslationsFS(translations, "translations"); err != nil {
		return err
	}
	widgets.Words = widgets.Texts{
		Close: t("button.close"), Copy: t("button.copy"), Copied: t("button.copied"),
		Good: t("notice.good"), Info: t("notice.info"), Warning: t("notice.warning"),
		Danger: t("notice.danger"), Stop: t("notice.stop"),
		CopyCell: t("table.copy-cell"), CopyRows: t("table.copy-rows"), CopyTable: t("table.copy-all"),
		SortUp: t("table.sort-up"), SortDown: t("table.sort-down"), SortOff: t("table.sort-off"),
		Wider: t("table.wider"), Narrower: t("table.narrower"), Widths: t("table.widths"),
		Search: t("table.search"), Found: t("table.found"),
		Added: t("mark.added"), Removed: t("mark.removed"), Changed: t("mark.changed"),
	}
	return nil
}

// t is the text of a key in the person's language. data, at most one map, fills {{.Name}}.
func t(key string, data ...any) string { return lang.X(key, key, data...) }

// describe splits an error into its sentence and its hints, in the window's words.
func describe(err error) (text string, hints []string) {
	for _, m := range message.Advice(err) {
		hints = append(hints, message.Sentence(say(m)))
	}
	return message.Sentence(tell(err)), hints
}

// tell is an error in the window's words, to stand after a colon.
func tell(err error) string { return windowVoice().Tell(err) }
