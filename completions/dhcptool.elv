
use builtin;
use str;

set edit:completion:arg-completer[dhcptool] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'dhcptool'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'dhcptool'= {
            cand --color 'When to colour the output; NO_COLOR is obeyed'
            cand --json 'Print JSON, one object per line, for programs'
            cand -v 'Say more; twice for more still'
            cand --verbose 'Say more; twice for more still'
            cand -q 'Say nothing but the results: no summary, no warnings, no progress'
            cand --quiet 'Say nothing but the results: no summary, no warnings, no progress'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand completions 'Print a completion script for a shell'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'dhcptool;completions'= {
            cand --color 'When to colour the output; NO_COLOR is obeyed'
            cand --json 'Print JSON, one object per line, for programs'
            cand -v 'Say more; twice for more still'
            cand --verbose 'Say more; twice for more still'
            cand -q 'Say nothing but the results: no summary, no warnings, no progress'
            cand --quiet 'Say nothing but the results: no summary, no warnings, no progress'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'dhcptool;help'= {
            cand completions 'Print a completion script for a shell'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'dhcptool;help;completions'= {
        }
        &'dhcptool;help;help'= {
        }
    ]
    $completions[$command]
}
