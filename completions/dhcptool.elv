
set edit:completion:arg-completer[dhcptool] = { |@words|
    var index = (count $words)
    set index = (- $index 1)

    put (env _CLAP_IFS="\n" _CLAP_COMPLETE_INDEX=(to-string $index) DHCPTOOL_COMPLETE="elvish" dhcptool -- $@words) | to-lines
}

