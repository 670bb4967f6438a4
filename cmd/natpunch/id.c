#include "id.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "broker.h"
#include "face/exit.h"
#include "face/log.h"
#include "face/options.h"
#include "identity_file.h"
#include "qr.h"

struct wish {
	const char *identity, *broker;
	bool qr;
};

static const struct option_spec options[] = {
	IDENTITY_OPTION(offsetof(struct wish, identity)),
	{.name = "broker",
	 .letter = 'b',
	 .argument = "HOST[:PORT]",
	 .help = BROKER_HELP,
	 .kind = OPTION_STRING,
	 .offset = offsetof(struct wish, broker)},
	{.name = "qr",
	 .letter = 'q',
	 .help = "Draw the card as a QR code, too.",
	 .kind = OPTION_FLAG,
	 .offset = offsetof(struct wish, qr)},
};

static const struct command_spec spec = {
	.name = "natpunch id",
	.about = "Prints the card by which others ring us: natkit:KEY@BROKER:PORT. The first time "
		 "it makes the key.",
	.options = options,
	.count = sizeof(options) / sizeof(options[0]),
};

static int print(const struct card *card, bool qr)
{
	const struct style style = style_of(stdout);
	char text[CARD_TEXT];
	int r = 0;

	printf("%s\n", card_text(card, text));
	if (qr)
		r = qr_print(stdout, &style, text);
	if (r != 0) {
		log_line(LEVEL_ERROR, "cannot draw the card: %s", err_text(r));
		return EXIT_INTERNAL;
	}
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_YES;
	log_line(LEVEL_ERROR, "cannot write: %s", strerror(errno));
	return EXIT_INTERNAL;
}

int id_main(int argc, char *argv[])
{
	struct wish w = {.qr = false};
	struct identity id;
	struct card card;
	int status = options_parse(&spec, &w, argc, argv, NULL);

	if (status != OPTIONS_GO_ON)
		return status;
	if (crypto_init() != 0)
		return EXIT_INTERNAL;
	status = broker_find(&card, w.broker, w.identity);
	if (status == EXIT_YES && w.broker != NULL)
		status = broker_keep(&card, w.identity);
	if (status == EXIT_YES)
		status = identity_open(&id, w.identity);
	if (status != EXIT_YES)
		return status;
	memcpy(card.key, id.sign_public, sizeof(card.key));
	crypto_wipe(&id, sizeof(id));
	return print(&card, w.qr);
}
