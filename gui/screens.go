package gui

// screenIDs are all screens.
var screenIDs = []screenID{screenClusters, screenOverview, screenAction, screenTokens, screenEntries, screenReview,
	screenDistribute, screenResult, screenInspect, screenHistory, screenAdvise}

// screen is one of them, made when it is first wanted: a window opens faster, and takes less,
// with one screen than with ten.
func (s *shell) screen(id screenID) screen {
	if sc, ok := s.screens[id]; ok {
		return sc
	}
	sc := s.makeScreen(id)
	if sc != nil {
		s.screens[id] = sc
	}
	return sc
}

func (s *shell) makeScreen(id screenID) screen {
	switch id {
	case screenClusters:
		return newClustersScreen(s)
	case screenOverview:
		return newOverviewScreen(s)
	case screenAction:
		return newActionScreen(s)
	case screenTokens:
		return newTokensScreen(s)
	case screenEntries:
		return newEntriesScreen(s)
	case screenReview:
		return newReviewScreen(s)
	case screenDistribute:
		return newDistributeScreen(s)
	case screenResult:
		return newResultScreen(s)
	case screenInspect:
		return newInspectScreen(s)
	case screenHistory:
		return newHistoryScreen(s)
	case screenAdvise:
		return newAdviseScreen(s)
	}
	return nil
}
