package gui

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
