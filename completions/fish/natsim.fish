# fish completion for natsim(1)

function __natsim_presets
    natsim list 2>/dev/null | sed -n '2,$s/ .*//p'
end

function __natsim_hosts
    natsim status 2>/dev/null | sed -n 's/^\([a-z0-9-]*\): host .*/\1/p'
end

complete -c natsim -f
complete -c natsim -n __fish_use_subcommand -a run -d 'Run a program behind a NAT'
complete -c natsim -n __fish_use_subcommand -a list -d 'Name the NATs that there are as presets'
complete -c natsim -n __fish_use_subcommand -a show -d 'Say everything about one preset'
complete -c natsim -n __fish_use_subcommand -a up -d 'Make a world from a file'
complete -c natsim -n __fish_use_subcommand -a exec -d 'Run a program in a host of a world'
complete -c natsim -n __fish_use_subcommand -a status -d 'Say what is in a world'
complete -c natsim -n __fish_use_subcommand -a set -d 'Change a link or a NAT of a world'
complete -c natsim -n __fish_use_subcommand -a down -d 'End a world'
complete -c natsim -s h -l help -d 'Print the help'
complete -c natsim -s V -l version -d 'Print the version'

complete -c natsim -n '__fish_seen_subcommand_from run' -s n -l nat -x -a '(__natsim_presets)' -d 'Put this NAT in front'
complete -c natsim -n '__fish_seen_subcommand_from run' -s s -l set -x -d 'Change the NAT named last'
complete -c natsim -n '__fish_seen_subcommand_from run' -l external -x -d 'External address of the outermost NAT'
complete -c natsim -n '__fish_seen_subcommand_from run' -s 6 -l ipv6 -d 'Give the host an IPv6 address too'
complete -c natsim -n '__fish_seen_subcommand_from run' -s d -l delay -x -a '5ms 20ms 50ms 150ms' -d 'Delay each way'
complete -c natsim -n '__fish_seen_subcommand_from run' -l jitter -x -a '2ms 5ms 10ms' -d 'Up to so much more'
complete -c natsim -n '__fish_seen_subcommand_from run' -s l -l loss -x -a '1% 2% 5%' -d 'Share of packets lost'
complete -c natsim -n '__fish_seen_subcommand_from run' -l bursts -x -d 'Share lost in bursts of a length'
complete -c natsim -n '__fish_seen_subcommand_from run' -l duplicate -x -a '1% 2%' -d 'Share that comes twice'
complete -c natsim -n '__fish_seen_subcommand_from run' -l reorder -x -d 'Share that comes later, and by how much'
complete -c natsim -n '__fish_seen_subcommand_from run' -l mtu -x -a '1280 1400 1420 1492' -d 'Longest packet'
complete -c natsim -n '__fish_seen_subcommand_from run' -l no-server -d 'Do without natbroker'
complete -c natsim -n '__fish_seen_subcommand_from run' -l broker -r -F -d 'Run this program as natbroker'
complete -c natsim -n '__fish_seen_subcommand_from run' -l seed -x -d 'Draw losses, delays and ports from this number'
complete -c natsim -n '__fish_seen_subcommand_from run' -s v -l verbose -d 'Let messages of natbroker through'
complete -c natsim -n '__fish_seen_subcommand_from run up' -s p -l pcap -r -F -d 'Write all packets to this file'
complete -c natsim -n '__fish_seen_subcommand_from run list show up' -s z -l zoo -r -F -d 'Read presets from this file too'
complete -c natsim -n '__fish_seen_subcommand_from list show status' -s j -l json -d 'Print JSON'
complete -c natsim -n '__fish_seen_subcommand_from show' -a '(__natsim_presets)'
complete -c natsim -n '__fish_seen_subcommand_from up' -F
complete -c natsim -n '__fish_seen_subcommand_from up' -s f -l foreground -d 'Stay in the foreground'
complete -c natsim -n '__fish_seen_subcommand_from up exec status set down' -s n -l name -x -d 'Name of the world'
complete -c natsim -n '__fish_seen_subcommand_from exec set' -a '(__natsim_hosts)'
complete -c natsim -n '__fish_seen_subcommand_from down' -s a -l all -d 'End all worlds of this user'
