#include "io/privilege.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"

static bool has_no_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &head, data) != 0)
		return false;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		if ((data[i].effective | data[i].permitted | data[i].inheritable) != 0)
			return false;
	return true;
}

int privilege_drop_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{.effective = 0}};

	/* Executing a file would bring them back to a process whose user is root. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return NK_ERR_SYSTEM;
	if (syscall(SYS_capset, &head, none) != 0 || !has_no_capabilities())
		return NK_ERR_SYSTEM;
	return 0;
}

/* A saved id that was left behind, or a capability to change ids, is a way back. */
static bool can_return(uid_t uid, gid_t gid)
{
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;

	if (getresuid(&ruid, &euid, &suid) != 0 || getresgid(&rgid, &egid, &sgid) != 0)
		return true;
	if (ruid != uid || euid != uid || suid != uid || rgid != gid || egid != gid || sgid != gid)
		return true;
	return setuid(0) == 0 || (gid != 0 && setgid(0) == 0);
}

int privilege_drop_to(const char *user)
{
	const struct passwd *pw = getpwnam(user);
	uid_t uid;
	gid_t gid;

	if (pw == NULL || pw->pw_uid == 0)
		return NK_ERR_BAD_INPUT;
	uid = pw->pw_uid;
	gid = pw->pw_gid;

	/* In this order: without the user's privilege the groups could not be changed. */
	if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 ||
	    setresuid(uid, uid, uid) != 0)
		return errno == EPERM ? NK_ERR_PERMISSION : NK_ERR_SYSTEM;
	if (privilege_drop_capabilities() != 0 || can_return(uid, gid))
		return NK_ERR_SYSTEM;
	return 0;
}
