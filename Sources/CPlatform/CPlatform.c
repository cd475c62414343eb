// Header-only: SwiftPM wants one source file.
#include "CPlatform.h"
