complete --keep-order --exclusive --command dhcptool --arguments "(DHCPTOOL_COMPLETE=fish dhcptool -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
