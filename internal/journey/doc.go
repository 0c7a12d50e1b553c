// Package journey drives the real desktop program in a real window: it starts a display of
// its own (Xvfb), types and clicks with xdotool, and holds what comes of it against the
// practice cluster that the program runs.
//
// The program is built with the tag trace, which makes it say what a screen reader would say
// (gui/trace.go) and has the toolkit complain about every widget touched from a wrong goroutine.
// The tests find a button by pressing Tab until it has the focus: what cannot be reached by
// keyboard fails here.
//
// Nothing sleeps to wait: every wait is for a condition, with a deadline.
//
// What people rely on, and where it is tried; "gui" stands for tests of package gui, whose window
// has no display:
//
//	writing needs an agreement, each time anew    TestJourney sign, migrate; gui TestReview
//	practice tokens stay in practice              gui TestPracticeAndRealShareNoToken
//	nothing unknown is preselected                TestJourney planMigration; gui chooseTokens, TestOddCertificate
//	a click moves no row, Delete names the row    TestJourney removedToken (clickRow); gui TestEntries
//	a draft is kept, also through kill -9         TestCrash; gui TestDraft…
//	Add Cluster keeps fields                      TestClusters addCluster; gui TestAddClusterIsChecked
//	a wrong PIN, a token that is gone, a dead node  TestJourney wrongPIN, removedToken, failingNode
//	phones that would be lost, also as CSV        TestJourney planMigration (lostPhones); gui TestLostPhones
//	who was lost is still known                   TestJourney restart; gui TestOlderPhonesAreOnTheOverview
//	taking back has a review                      TestJourney takeBack
//	restart in an order, with progress            TestAsCiscoShipsIt restartAll; TestJourney restart
//	a desktop notification ends a long job        nowhere: no test has a desktop that shows one
//	a cluster is edited, an identity accepted     TestClusters editCluster, takeIdentity; gui TestEditCluster
//	what a cluster must answer                    TestAsCiscoShipsIt; gui TestNothingIsCut 01-clusters
//	each hint is an action                        TestClusters takeIdentity; gui TestHintsAreOfTheWindow
//	a report of every job                         TestJourney takeBack (report); workflow/report
//	a list before a migration                     TestAsCiscoShipsIt
//	tables: search, sort, widths, a list's top    TestHands searching, reopening, sorting, resizing; gui/widgets table_test.go
//	tables: rows marked, clipboard, menu          TestHands marking, copying
//	keyboard: focus, Enter, Escape, New Folder    TestHands newFolder, firstControls, and every press; gui/widgets keys_test.go
//	contrast 4.5:1, focus 3:1                     gui/widgets TestContrast
//	Inspect, recent files, comparison, .sgn       TestJourney inspect; gui TestInspect
//	former and new file of a job                  TestJourney takeBack (former)
//	help, glossary, keys, About, log, folder      TestHands help, lookAgain, sessionLog; gui TestHelp
//	a crash is told, once                         TestCrash
//	nothing cut, hidden or written over           gui TestNothingIsCut, TestPictures
//	everything twice as large                     TestEverythingTwiceAsLarge
//	a screen at 200 %                             TestEverythingTwiceAsLarge
//	both languages                                TestJourney portuguese; gui i18n_test.go, catalogue
package journey
