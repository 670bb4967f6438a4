# fish completion for natmap(1)

complete -c natmap -f
complete -c natmap -s h -l help -d 'Print the help'
complete -c natmap -s V -l version -d 'Print the version'
complete -c natmap -n __fish_use_subcommand -s s -l server -x -a '(__fish_print_hostnames)' -d 'Map the way to this server'
complete -c natmap -n __fish_use_subcommand -s 4 -l ipv4 -d 'IPv4 only'
complete -c natmap -n __fish_use_subcommand -s 6 -l ipv6 -d 'IPv6 only'
complete -c natmap -n __fish_use_subcommand -s i -l interface -x -a '(__fish_print_interfaces)' -d 'Send through this interface only'
complete -c natmap -n __fish_use_subcommand -s q -l quick -d 'Do not look which boxes keep state'
complete -c natmap -n __fish_use_subcommand -s m -l max -x -a '30s 1m 2m 6m 10m 30m' -d 'Longest timeout to look for'
complete -c natmap -n __fish_use_subcommand -s n -l mappings -x -a '32 64 128 256 512' -d 'Most NAT mappings to hold at once'
complete -c natmap -n __fish_use_subcommand -l pace -x -a '10ms 20ms 50ms 100ms' -d 'Least time between two new mappings'
complete -c natmap -n __fish_use_subcommand -s j -l json -d 'Print the report as JSON'
complete -c natmap -n __fish_use_subcommand -s t -l text -d 'Print the report for people'
complete -c natmap -n __fish_use_subcommand -s e -l events -d 'Print one JSON object a line as things are found'
complete -c natmap -n __fish_use_subcommand -l svg -r -F -d 'Also draw the map as a picture'
