// ice_pion controlling|controlled SERVER: an ICE agent of pion; see agents.py for what it says and hears.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/pion/ice/v2"
)

func say(what string) {
	line, _ := json.Marshal(what)
	fmt.Println(string(line))
}

func must(err error) {
	if err != nil {
		say("failed")
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func gather(agent *ice.Agent) []string {
	done := make(chan []string)
	var lines []string
	must(agent.OnCandidate(func(c ice.Candidate) {
		if c == nil {
			done <- lines
		} else {
			lines = append(lines, "a=candidate:"+c.Marshal())
		}
	}))
	must(agent.GatherCandidates())
	return <-done
}

func describe(agent *ice.Agent) string {
	candidates := gather(agent)
	ufrag, password, err := agent.GetLocalUserCredentials()
	must(err)
	head := []string{"m=application 9 ICE/SDP", "a=ice-ufrag:" + ufrag, "a=ice-pwd:" + password}
	return strings.Join(append(head, candidates...), "\n")
}

// Of what is not understood, nothing is said: the other may have candidates that are not for us.
func learn(agent *ice.Agent, description string) (ufrag, password string) {
	for _, line := range strings.Split(description, "\n") {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch name {
		case "a=ice-ufrag":
			ufrag = value
		case "a=ice-pwd":
			password = value
		case "a=candidate":
			if c, err := ice.UnmarshalCandidate(value); err == nil {
				must(agent.AddRemoteCandidate(c))
			}
		}
	}
	return
}

func main() {
	role, server := os.Args[1], os.Args[2]
	url, err := ice.ParseURL("stun:" + server + ":3478")
	must(err)
	agent, err := ice.NewAgent(&ice.AgentConfig{
		Urls:             []*ice.URL{url},
		NetworkTypes:     []ice.NetworkType{ice.NetworkTypeUDP4},
		MulticastDNSMode: ice.MulticastDNSModeDisabled,
	})
	must(err)
	must(agent.OnConnectionStateChange(func(s ice.ConnectionState) {
		if s == ice.ConnectionStateFailed {
			say("failed")
		}
	}))
	say(describe(agent))

	var theirs string
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	line, _ := in.ReadString('\n')
	must(json.Unmarshal([]byte(line), &theirs))
	ufrag, password := learn(agent, theirs)
	meet := agent.Accept
	if role == "controlling" {
		meet = agent.Dial
	}
	conn, err := meet(context.Background(), ufrag, password)
	must(err)
	say("connected")
	_, err = conn.Write([]byte(role))
	must(err)
	heard := make([]byte, 1500)
	n, err := conn.Read(heard)
	must(err)
	say(string(heard[:n]))
	in.ReadString('\n')
}
