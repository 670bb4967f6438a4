/* How the commands of natmap print what they have found. */
#ifndef NATMAP_FORMAT_H
#define NATMAP_FORMAT_H

enum format { FORMAT_AUTO, FORMAT_JSON, FORMAT_TEXT, FORMAT_EVENTS };

#endif
