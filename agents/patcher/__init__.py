"""patcher: proposes a change of files as a patch that is proven to apply and to come off again."""
