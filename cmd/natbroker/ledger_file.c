/*
 * A slice is written in a turn of the loop and not more than one in a millisecond, so that no
 * datagram waits for long. Nothing waits for the disk either, but at a clean end: after a power cut
 * the file may be the one before or damaged, as its checksum then says, and clients prove their keys
 * again.
 */
#include "ledger_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/err.h"
#include "io/clock.h"
#include "io/files.h"

#define SLICE     65536 /* bytes */
#define INTERVAL  (10 * NK_S)
#define PAUSE     NK_MS /* between two slices */
#define MODE      (S_IRUSR | S_IWUSR)
#define NEW_BEGIN (O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC)

static int64_t unix_at_zero(void)
{
	return clock_unix() - clock_boottime();
}

static int take_over(const char *path, struct broker *b, nk_time now)
{
	struct stat st;
	char *bytes;
	size_t len;
	int rc;

	if (stat(path, &st) != 0)
		return errno == ENOENT ? 0 : NK_ERR_SYSTEM;
	rc = files_read(&bytes, &len, path, (size_t)st.st_size);
	if (rc != 0)
		return rc;
	rc = ledger_read(b, (const uint8_t *)bytes, len, unix_at_zero(), now);
	crypto_wipe(bytes, len);
	free(bytes);
	return rc;
}

int ledger_file_open(struct ledger_file *f, const char *path, struct broker *b, nk_time now)
{
	*f = (struct ledger_file){.path = path, .fd = -1, .due = now + INTERVAL};
	if (path == NULL)
		return 0;
	/* One name, not a new one each time: what a killed broker left behind is written over. */
	if (snprintf(f->temp, sizeof(f->temp), "%s.new", path) >= (int)sizeof(f->temp))
		return NK_ERR_BAD_INPUT;
	return take_over(path, b, now);
}

static void fail(struct ledger_file *f)
{
	f->error = errno;
	f->failed++;
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

static void begin(struct ledger_file *f)
{
	f->cursor = (struct ledger_cursor){.next = 0};
	f->fd = open(f->temp, NEW_BEGIN, MODE);
	if (f->fd < 0 || fchmod(f->fd, MODE) != 0)
		fail(f);
}

static void end(struct ledger_file *f)
{
	const int fd = f->fd;

	f->fd = -1;
	if (close(fd) != 0 || rename(f->temp, f->path) != 0) {
		fail(f);
		return;
	}
	f->error = 0;
	f->written++;
	f->bytes = f->cursor.written;
	f->unix_time = clock_unix();
}

static void write_slice(struct ledger_file *f, const struct broker *b, nk_time now)
{
	static uint8_t slice[SLICE];
	const size_t len = ledger_write(b, &f->cursor, slice, sizeof(slice), unix_at_zero(), now);
	size_t done = 0;

	while (done < len) {
		const ssize_t n = write(f->fd, slice + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fail(f);
			break;
		}
		done += (size_t)n;
	}
	crypto_wipe(slice, len);
}

nk_time ledger_file_due(const struct ledger_file *f)
{
	return f->path != NULL ? f->due : NK_NEVER;
}

void ledger_file_turn(struct ledger_file *f, const struct broker *b, nk_time now)
{
	if (f->path == NULL || now < f->due)
		return;
	if (f->fd < 0)
		begin(f);
	if (f->fd >= 0)
		write_slice(f, b, now);
	if (f->fd >= 0 && f->cursor.ended)
		end(f);
	f->due = now + (f->fd >= 0 ? PAUSE : INTERVAL);
}

void ledger_file_close(struct ledger_file *f, const struct broker *b, nk_time now)
{
	if (f->path == NULL)
		return;
	if (f->fd >= 0)
		close(f->fd);
	begin(f);
	while (f->fd >= 0 && !f->cursor.ended)
		write_slice(f, b, now);
	if (f->fd >= 0 && fsync(f->fd) != 0)
		fail(f);
	if (f->fd >= 0)
		end(f);
}
