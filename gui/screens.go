package gui

import "ctlclient/workflow"

func (s *shell) makeScreens() map[screenID]screen {
	return map[screenID]screen{
		screenClusters:   newClustersScreen(s),
		screenOverview:   newOverviewScreen(s),
		screenAction:     newActionScreen(s),
		screenTokens:     newTokensScreen(s),
		screenEntries:    newEntriesScreen(s),
		screenReview:     newReviewScreen(s),
		screenDistribute: newDistributeScreen(s),
		screenResult:     newResultScreen(s),
		screenInspect:    newInspectScreen(s),
		screenHistory:    newHistoryScreen(s),
	}
}

// event is what a job reports: the status bar shows its sentence, the screen in front draws it.
func (s *shell) event(e workflow.Event) {
	if e.Message != "" && (e.Type == workflow.EventStep || e.Type == workflow.EventInfo) {
		s.status.detail(e.Message)
	}
	if sc, ok := s.screens[s.current].(interface{ event(workflow.Event) }); ok {
		sc.event(e)
	}
}
